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
    output:
        page=report(
            "results/report.html",
            caption="../report/report.rst",
            category="Ranking",
            labels={"result": "report"},
        ),
        ranked=report(
            "results/figures/ranked.svg",
            caption="../report/ranked.rst",
            category="Ranking",
            labels={"result": "ranked interventions"},
        ),
        dose_response=report(
            "results/figures/dose_response.svg",
            caption="../report/dose_response.rst",
            category="Ranking",
            labels={"result": "dose responses"},
        ),
        heatmap=report(
            "results/figures/heatmap.svg",
            caption="../report/heatmap.rst",
            category="Ranking",
            labels={"result": "all drugs in all cells"},
        ),
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
