rule potency:
    input:
        tables=potency_files(),
    output:
        table=report(
            "results/potency.tsv",
            caption="../report/potency.rst",
            category="Potency",
            labels={"result": "constants of drugs in cells"},
        ),
        provenance="results/potency.tsv.provenance.json",
        figure=report(
            "results/potency.svg",
            caption="../report/potency.rst",
            category="Potency",
            labels={"result": "before and after potencies in cells"},
        ),
    log:
        "results/logs/potency.log",
    benchmark:
        "results/benchmarks/potency.tsv"
    conda:
        "../envs/screen.yaml"
    params:
        config=CONFIG,
        settings=chosen("seed"),
        code=stage_code("potency"),
        inputs=lambda wildcards: contents(rules.potency.input),
    message:
        "Tell the constants of drugs in cells"
    shell:
        "python -m screen potency --config {params.config} 2>&1 | tee {log}"
