rule fit:
    input:
        network="results/network/stat3.xml",
        problem=calibration_files(),
        drugs=str(SETTINGS.tables.drugs),
    output:
        draws="results/fit/draws.parquet",
    log:
        "results/logs/fit.log",
    benchmark:
        "results/benchmarks/fit.tsv"
    conda:
        "../envs/screen.yaml"
    threads: 8
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        config=CONFIG,
        settings=chosen("seed", "fit", "simulate"),
        code=code("fit"),
    message:
        "Fit the parameters to published measurements and draw an ensemble"
    shell:
        "python -m screen fit --config {params.config} --threads {threads} 2>&1 | tee {log}"
