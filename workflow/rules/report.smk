# A figure of `screen/report/gallery.py` has its caption here.
FIGURES = sorted(path.stem for path in (ROOT / "workflow/report/figures").glob("*.rst"))


rule report:
    input:
        scenarios="results/scenarios/scenarios.parquet",
        responses=expand("results/simulate/shard-{shard}.parquet", shard=SHARDS),
        ranked="results/ranked.csv",
        fit=rules.fit.output,
        validation="results/validation.csv",
        held="results/constrain/summary.json",
        tables=table_files(),
        parameters=parameter_table(),
        labels=[str(SETTINGS.report.labels)] if SETTINGS.report.labels else [],
    output:
        page=report(
            "results/report.html",
            caption="../report/report.rst",
            category="Ranking",
            labels={"result": "report"},
        ),
        figures=[
            report(
                f"results/figures/{name}.svg",
                caption=f"../report/figures/{name}.rst",
                category="Ranking",
                labels={"result": name.replace("_", " ")},
            )
            for name in FIGURES
        ],
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.tsv"
    conda:
        "../envs/screen.yaml"
    resources:
        mem_mb=4000,
    params:
        config=CONFIG,
        settings=chosen("readouts", "report"),
        code=stage_code("report"),
        inputs=lambda wildcards: contents(rules.report.input),
    message:
        "Write the report"
    shell:
        "python -m screen report --config {params.config} 2>&1 | tee {log}"
