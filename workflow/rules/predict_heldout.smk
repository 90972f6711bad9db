# Not part of `all`: it needs public raw data. `snakemake results/heldout/scores.tsv` runs it.
rule predict_heldout:
    input:
        network=f"{OUT}/network/stat3.xml",
        parameters=parameter_table(),
        tables=table_files(),
        potency=sources(SETTINGS.tables.potency_files()),
        data=data_files(),
    output:
        scores=f"{OUT}/heldout/scores.tsv",
        effects=f"{OUT}/heldout/effects.tsv",
        intervals=f"{OUT}/heldout/intervals.tsv",
        discrepancy=f"{OUT}/heldout/discrepancy.tsv",
        json=f"{OUT}/heldout/heldout.json",
        made=f"{OUT}/made/predict_heldout.sha256",
    log:
        f"{OUT}/logs/predict_heldout.log",
    benchmark:
        f"{OUT}/benchmarks/predict_heldout.tsv"
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
            "fit.data",
            "simulate.engine",
            "simulate.rtol",
            "simulate.atol",
            "simulate.max_steps",
            "simulate.batch",
        ),
        code=stage_code("predict_heldout"),
        inputs=lambda wildcards: contents(rules.predict_heldout.input),
        sources=lambda wildcards: edited(rules.predict_heldout),
        made=lambda wildcards: altered(rules.predict_heldout, wildcards),
    message:
        "Predict experiments that the fit has not seen"
    shell:
        "python -m screen predict-heldout --config {params.config:q} --threads {threads} --json {output.json:q} "
        "2>&1 | tee {log:q} "
        "&& python -m screen.files.made {output.made:q} {params.settings}-{params.code} {params.sources:q} --wrote {output:q}"
