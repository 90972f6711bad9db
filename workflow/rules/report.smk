# A figure of `screen/report/gallery.py` has its caption here.
FIGURES = sorted(path.stem for path in (ROOT / "workflow/report/figures").glob("*.rst"))


rule report:
    input:
        scenarios=f"{OUT}/scenarios/scenarios.parquet",
        routes=f"{OUT}/scenarios/routes.parquet",
        draws=f"{OUT}/constrain/draws.parquet",
        race=[f"{OUT}/race.csv"] if LATER else [],
        responses=expand(
            f"{OUT}/simulate/shard-{{shard}}.parquet", shard=[*SHARDS, *LATER]
        ),
        ranking=rules.rank.output,
        fit=rules.fit.output if FITTED else [],
        validation=f"{OUT}/validation.csv",
        held=f"{OUT}/constrain/summary.json",
        tables=lane_tables(),
        parameters=parameter_table(),
        labels=sources(filter(None, [SETTINGS.report.labels])),
    output:
        page=report(
            f"{OUT}/report.html",
            caption="../report/report.rst",
            category="Ranking",
            labels={"result": "report"},
        ),
        origins=f"{OUT}/provenance.json",
        figures=[
            report(
                f"{OUT}/figures/{name}.svg",
                caption=f"../report/figures/{name}.rst",
                category="Ranking",
                labels={"result": name.replace("_", " ")},
            )
            for name in FIGURES
        ],
        made=f"{OUT}/made/report.sha256",
    log:
        f"{OUT}/logs/report.log",
    benchmark:
        f"{OUT}/benchmarks/report.tsv"
    conda:
        "../envs/screen.yaml"
    resources:
        mem_mb=4000,
    params:
        config=CONFIG,
        settings=chosen(
            "readouts",
            "report",
            *AIMED,
            "fit.draws_from",
        ),
        code=stage_code("report"),
        inputs=lambda wildcards: contents(rules.report.input),
        sources=lambda wildcards: edited(rules.report),
        made=lambda wildcards: altered(rules.report, wildcards),
    message:
        "Write the report"
    shell:
        "python -m screen report --config {params.config:q} 2>&1 | tee {log:q} "
        "&& python -m screen.files.made {output.made:q} {params.settings}-{params.code} {params.sources:q} --wrote {output:q}"
