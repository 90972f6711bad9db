rule rank:
    input:
        network="results/network/stat3.xml",
        scenarios="results/scenarios/scenarios.parquet",
        draws="results/constrain/draws.parquet",
        responses=expand("results/simulate/shard-{shard}.parquet", shard=SHARDS),
        drugs=drug_table(),
    output:
        report(
            "results/ranked.csv",
            caption="../report/table.rst",
            category="Ranking",
            labels={"result": "ranked table"},
        ),
        "results/ranked.csv.provenance.json",
    log:
        "results/logs/rank.log",
    benchmark:
        "results/benchmarks/rank.tsv"
    conda:
        "../envs/screen.yaml"
    resources:
        mem_mb=4000,
    params:
        config=CONFIG,
        settings=chosen("readouts", "rank"),
        code=stage_code("rank"),
        inputs=lambda wildcards: contents(rules.rank.input),
    message:
        "Rank the interventions of each context"
    shell:
        "python -m screen rank --config {params.config} 2>&1 | tee {log}"
