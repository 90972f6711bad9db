rule network:
    input:
        modules=network_files(),
    output:
        "results/network/stat3.xml",
    log:
        "results/logs/network.log",
    benchmark:
        "results/benchmarks/network.tsv"
    conda:
        "../envs/screen.yaml"
    params:
        config=CONFIG,
        settings=chosen("network"),
        code=code("network"),
    message:
        "Join the modules of the network into SBML"
    shell:
        "python -m screen network --config {params.config} 2>&1 | tee {log}"
