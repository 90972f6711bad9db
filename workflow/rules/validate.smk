rule validate:
    input:
        modules=network_files(),
        draws=f"{OUT}/constrain/draws.parquet",
        panel=panel_table(),
        tables=lane_tables(),
    output:
        table=report(
            f"{OUT}/validation.csv",
            caption="../report/validation.rst",
            category="Validation",
            labels={"result": "verdict on every fact"},
        ),
        provenance=f"{OUT}/validation.csv.provenance.json",
        figure=report(
            f"{OUT}/validation.svg",
            caption="../report/validation.rst",
            category="Validation",
            labels={"result": "published facts and the model"},
        ),
        made=f"{OUT}/made/validate.sha256",
    log:
        f"{OUT}/logs/validate.log",
    benchmark:
        f"{OUT}/benchmarks/validate.tsv"
    conda:
        "../envs/screen.yaml"
    threads: 8
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        config=CONFIG,
        settings=chosen(
            "scenarios.constants",
            "seed",
            "network.modules",
            "simulate.engine",
            "simulate.rtol",
            "simulate.atol",
            "simulate.max_steps",
            "simulate.batch",
        ),
        code=stage_code("validate"),
        inputs=lambda wildcards: contents(rules.validate.input),
        sources=lambda wildcards: edited(rules.validate),
        made=lambda wildcards: altered(rules.validate, wildcards),
    message:
        "Check the published facts of the panel under every draw"
    shell:
        "python -m screen validate --config {params.config:q} --draws {input.draws:q} --threads {threads} 2>&1 | tee {log:q} "
        "&& python -m screen.files.made {output.made:q} {params.settings}-{params.code} {params.sources:q} --wrote {output:q}"
