rule simulate:
    input:
        networks=screened_networks(),
        scenarios=f"{OUT}/scenarios/scenarios.parquet",
        draws=f"{OUT}/constrain/draws.parquet",
        tables=lane_tables(),
        parameters=parameter_table(),
    output:
        f"{OUT}/simulate/shard-{{shard}}.parquet",
        made=f"{OUT}/made/simulate-{{shard}}.sha256",
    log:
        f"{OUT}/logs/simulate-{{shard}}.log",
    benchmark:
        f"{OUT}/benchmarks/simulate-{{shard}}.tsv"
    wildcard_constraints:
        shard="|".join(map(str, SHARDS)),
    conda:
        "../envs/screen.yaml"
    threads: share_of_cores
    resources:
        mem_mb=3000,
        runtime=120,
    params:
        config=CONFIG,
        settings=chosen(*SIMULATED),
        code=stage_code("simulate"),
        inputs=lambda wildcards: contents(rules.simulate.input),
        sources=lambda wildcards: edited(rules.simulate),
        made=lambda wildcards: altered(rules.simulate, wildcards),
    message:
        "Simulate shard {wildcards.shard}"
    shell:
        "python -m screen simulate --config {params.config:q} --shard {wildcards.shard} --threads {threads} 2>&1 | tee {log:q} "
        "&& python -m screen.files.made {output.made:q} {params.settings}-{params.code} {params.sources:q} --wrote {output:q}"


# What is not raced has no rules of it.
if LATER:

    include: "race.smk"
