rule network:
    input:
        modules=network_files(),
        dated=str(SETTINGS.network.folder / "parameters.tsv"),
    output:
        f"{OUT}/network/{{network}}.xml",
        made=f"{OUT}/made/network-{{network}}.sha256",
    log:
        f"{OUT}/logs/network-{{network}}.log",
    benchmark:
        f"{OUT}/benchmarks/network-{{network}}.tsv"
    wildcard_constraints:
        network=r"stat3(-without(-m\d+)+)?",
    conda:
        "../envs/screen.yaml"
    params:
        config=CONFIG,
        settings=chosen("network"),
        code=stage_code("network"),
        inputs=lambda wildcards: contents(rules.network.input),
        sources=lambda wildcards: edited(rules.network),
        made=lambda wildcards: altered(rules.network, wildcards),
    message:
        "Join the modules of the network {wildcards.network} into SBML"
    shell:
        "python -m screen network --config {params.config:q} --only {wildcards.network:q} 2>&1 | tee {log:q} "
        "&& python -m screen.files.made {output.made:q} {params.settings}-{params.code} {params.sources:q} --wrote {output:q}"
