rule network:
    input:
        modules=network_files(),
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
        made=lambda wildcards: altered(rules.network.output, wildcards),
    message:
        "Join the modules of the network {wildcards.network} into SBML"
    shell:
        "python -m screen network --config {params.config:q} --only {wildcards.network:q} 2>&1 | tee {log:q} "
        "&& python -m screen.files.made {output.made:q} {output:q}"
