rule simulate:
    input:
        networks=screened_networks(),
        scenarios="results/scenarios/scenarios.parquet",
        draws="results/constrain/draws.parquet",
        tables=table_files(),
    output:
        "results/simulate/shard-{shard}.parquet",
    log:
        "results/logs/simulate-{shard}.log",
    benchmark:
        "results/benchmarks/simulate-{shard}.tsv"
    conda:
        "../envs/screen.yaml"
    threads: share_of_cores
    resources:
        mem_mb=3000,
        runtime=120,
    params:
        config=CONFIG,
        settings=chosen("seed", "simulate", "readouts"),
        code=code("simulate"),
    message:
        "Simulate shard {wildcards.shard}"
    shell:
        "python -m screen simulate --config {params.config} --shard {wildcards.shard} --threads {threads} 2>&1 | tee {log}"
