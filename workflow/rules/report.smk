rule report:
    input:
        scenarios="results/scenarios/scenarios.parquet",
        responses=expand("results/simulate/shard-{shard}.parquet", shard=SHARDS),
        ranked="results/ranked.csv",
        draws="results/fit/draws.parquet",
    output:
        "results/report.html",
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
        settings=chosen("readouts", "rank", "report"),
        code=code("report"),
    message:
        "Write the report"
    shell:
        "python -m screen report --config {params.config} 2>&1 | tee {log}"
