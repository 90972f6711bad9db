rule constrain:
    input:
        network="results/network/stat3.xml",
        modules=network_files(),
        draws="results/fit/draws.parquet",
        scales="results/fit/scales.parquet",
        problem=calibration_files(),
        guess=shipped_draws(),
        panel=panel_table(),
        tables=table_files(),
    output:
        draws="results/constrain/draws.parquet",
        summary="results/constrain/summary.json",
    log:
        "results/logs/constrain.log",
    benchmark:
        "results/benchmarks/constrain.tsv"
    conda:
        "../envs/screen.yaml"
    threads: 8
    resources:
        mem_mb=6000,
        runtime=180,
    params:
        config=CONFIG,
        settings=chosen(
            "seed",
            "network.modules",
            "fit.problem",
            "panel.constrain",
            "panel.steps",
            "panel.ensemble",
            "simulate.engine",
            "simulate.rtol",
            "simulate.atol",
            "simulate.max_steps",
            "simulate.batch",
        ),
        code=stage_code("constrain"),
        inputs=lambda wildcards: contents(rules.constrain.input),
    message:
        "Hold the draws to the published facts of the panel"
    shell:
        "python -m screen constrain --config {params.config} --threads {threads} 2>&1 | tee {log}"
