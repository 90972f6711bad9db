rule fit:
    input:
        network=f"{OUT}/network/stat3.xml",
        problem=calibration_files(),
        parameters=parameter_table(),
    output:
        draws=f"{OUT}/fit/draws.parquet",
        scales=f"{OUT}/fit/scales.parquet",
        parameters=f"{OUT}/fit/parameters.tsv",
        starts=f"{OUT}/fit/starts.tsv",
        summary=f"{OUT}/fit/summary.json",
        fit=report(
            f"{OUT}/fit/fit.svg",
            caption="../report/fit.rst",
            category="Fit",
            labels={"result": "fit and measurements"},
        ),
        waterfall=report(
            f"{OUT}/fit/waterfall.svg",
            caption="../report/waterfall.rst",
            category="Fit",
            labels={"result": "waterfall of starts"},
        ),
        made=f"{OUT}/made/fit.sha256",
    log:
        f"{OUT}/logs/fit.log",
    benchmark:
        f"{OUT}/benchmarks/fit.tsv"
    conda:
        "../envs/screen.yaml"
    threads: 8
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        config=CONFIG,
        settings=chosen(
            "seed",
            "fit.problem",
            "fit.starts",
            "fit.adam",
            "fit.kicks",
            "fit.polish",
            "fit.draws",
            "fit.draw_steps",
            "simulate.engine",
            "simulate.rtol",
            "simulate.atol",
            "simulate.max_steps",
            "simulate.batch",
        ),
        code=stage_code("fit"),
        inputs=lambda wildcards: contents(rules.fit.input),
        sources=lambda wildcards: edited(rules.fit),
        made=lambda wildcards: altered(rules.fit, wildcards),
    message:
        "Fit the parameters to published measurements and draw an ensemble"
    shell:
        "python -m screen fit --config {params.config:q} --threads {threads} 2>&1 | tee {log:q} "
        "&& python -m screen.files.made {output.made:q} {params.settings}-{params.code} {params.sources:q} --wrote {output:q}"
