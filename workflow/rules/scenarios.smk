rule scenarios:
    input:
        networks=screened_networks(),
        tables=lane_tables(),
    output:
        scenarios=f"{OUT}/scenarios/scenarios.parquet",
        routes=f"{OUT}/scenarios/routes.parquet",
        made=f"{OUT}/made/scenarios.sha256",
    log:
        f"{OUT}/logs/scenarios.log",
    benchmark:
        f"{OUT}/benchmarks/scenarios.tsv"
    conda:
        "../envs/screen.yaml"
    params:
        config=CONFIG,
        settings=chosen("scenarios", "rank.observable", "readouts"),
        code=stage_code("scenarios"),
        inputs=lambda wildcards: contents(rules.scenarios.input),
        sources=lambda wildcards: edited(rules.scenarios),
        made=lambda wildcards: altered(rules.scenarios, wildcards),
    message:
        "Lay out contexts, drugs, pairs and doses"
    shell:
        "python -m screen scenarios --config {params.config:q} 2>&1 | tee {log:q} "
        "&& python -m screen.files.made {output.made:q} {params.settings}-{params.code} {params.sources:q} --wrote {output:q}"
