rule constrain:
    input:
        network=f"{OUT}/network/stat3.xml",
        modules=network_files(),
        fit=[f"{OUT}/fit/draws.parquet", f"{OUT}/fit/scales.parquet"] if FITTED else [],
        problem=calibration_files(),
        guess=shipped_draws(),
        panel=panel_table(),
        tables=lane_tables(),
    output:
        draws=f"{OUT}/constrain/draws.parquet",
        summary=f"{OUT}/constrain/summary.json",
        made=f"{OUT}/made/constrain.sha256",
    log:
        f"{OUT}/logs/constrain.log",
    benchmark:
        f"{OUT}/benchmarks/constrain.tsv"
    conda:
        "../envs/screen.yaml"
    threads: 8
    resources:
        mem_mb=6000,
        runtime=180,
    params:
        config=CONFIG,
        settings=chosen(
            "scenarios.constants",
            "seed",
            "network.modules",
            "fit.problem",
            "fit.draws_from",
            *([] if FITTED else ["fit.draws"]),
            "panel.constrain",
            "panel.steps",
            "simulate.engine",
            "simulate.rtol",
            "simulate.atol",
            "simulate.max_steps",
            "simulate.batch",
        ),
        code=stage_code("constrain"),
        inputs=lambda wildcards: contents(rules.constrain.input),
        sources=lambda wildcards: edited(rules.constrain),
        made=lambda wildcards: altered(rules.constrain, wildcards),
    message:
        "Hold the draws to the published facts of the panel"
    shell:
        "python -m screen constrain --config {params.config:q} --threads {threads} 2>&1 | tee {log:q} "
        "&& python -m screen.files.made {output.made:q} {params.settings}-{params.code} {params.sources:q} --wrote {output:q}"
