rule potency:
    input:
        tables=potency_files(),
        dated=str(SETTINGS.tables.drugs[0]),
    output:
        table=report(
            f"{OUT}/potency.tsv",
            caption="../report/potency.rst",
            category="Potency",
            labels={"result": "constants of drugs in cells"},
        ),
        provenance=f"{OUT}/potency.tsv.provenance.json",
        figure=report(
            f"{OUT}/potency.svg",
            caption="../report/potency.rst",
            category="Potency",
            labels={"result": "before and after potencies in cells"},
        ),
        made=f"{OUT}/made/potency.sha256",
    log:
        f"{OUT}/logs/potency.log",
    benchmark:
        f"{OUT}/benchmarks/potency.tsv"
    conda:
        "../envs/screen.yaml"
    params:
        config=CONFIG,
        settings=chosen("seed"),
        code=stage_code("potency"),
        inputs=lambda wildcards: contents(rules.potency.input),
        sources=lambda wildcards: edited(rules.potency),
        made=lambda wildcards: altered(rules.potency, wildcards),
    message:
        "Tell the constants of drugs in cells"
    shell:
        "python -m screen potency --config {params.config:q} 2>&1 | tee {log:q} "
        "&& python -m screen.files.made {output.made:q} {params.settings}-{params.code} {params.sources:q} --wrote {output:q}"
