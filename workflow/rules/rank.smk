SCORED = ("curves", "combinations", "isoboles", "sets", "failures", "endings")


rule rank:
    input:
        network=f"{OUT}/network/stat3.xml",
        scenarios=f"{OUT}/scenarios/scenarios.parquet",
        routes=f"{OUT}/scenarios/routes.parquet",
        draws=f"{OUT}/constrain/draws.parquet",
        race=[f"{OUT}/race.csv"] if LATER else [],
        responses=expand(
            f"{OUT}/simulate/shard-{{shard}}.parquet", shard=[*SHARDS, *LATER]
        ),
        drugs=drug_table(),
        discrepancy=sources(filter(None, [SETTINGS.rank.discrepancy])),
    output:
        report(
            f"{OUT}/ranked.csv",
            caption="../report/table.rst",
            category="Ranking",
            labels={"result": "ranked table"},
        ),
        f"{OUT}/ranked.csv.provenance.json",
        [f"{OUT}/{name}.csv" for name in SCORED],
        [f"{OUT}/{name}.csv.provenance.json" for name in SCORED],
        f"{OUT}/responses.parquet",
        [
            f"{OUT}/stopped/{name}.parquet"
            for name in ("ranked", "combinations")
            if LATER
        ],
        made=f"{OUT}/made/rank.sha256",
    log:
        f"{OUT}/logs/rank.log",
    benchmark:
        f"{OUT}/benchmarks/rank.tsv"
    conda:
        "../envs/screen.yaml"
    resources:
        mem_mb=4000,
    params:
        config=CONFIG,
        settings=chosen("seed", "readouts", "rank"),
        code=stage_code("rank"),
        inputs=lambda wildcards: contents(rules.rank.input),
        sources=lambda wildcards: edited(rules.rank),
        made=lambda wildcards: altered(rules.rank, wildcards),
    message:
        "Rank the interventions of each context"
    shell:
        "python -m screen rank --config {params.config:q} 2>&1 | tee {log:q} "
        "&& python -m screen.files.made {output.made:q} {params.settings}-{params.code} {params.sources:q} --wrote {output:q}"
