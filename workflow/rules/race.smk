# Only where pairs can stop: what goes on is simulated under the other draws, in shards that are numbered on.
rule race:
    input:
        scenarios=f"{OUT}/scenarios/scenarios.parquet",
        responses=expand(f"{OUT}/simulate/shard-{{shard}}.parquet", shard=SHARDS),
    output:
        f"{OUT}/race.csv",
        f"{OUT}/race.csv.provenance.json",
        made=f"{OUT}/made/race.sha256",
    log:
        f"{OUT}/logs/race.log",
    benchmark:
        f"{OUT}/benchmarks/race.tsv"
    conda:
        "../envs/screen.yaml"
    resources:
        mem_mb=2000,
    params:
        config=CONFIG,
        settings=chosen("readouts", "race", "rank.dose_bases", *AIMED),
        code=stage_code("race"),
        inputs=lambda wildcards: contents(rules.race.input),
        sources=lambda wildcards: edited(rules.race),
        made=lambda wildcards: altered(rules.race, wildcards),
    message:
        "Tell which pairs need no more draws"
    shell:
        "python -m screen race --config {params.config:q} 2>&1 | tee {log:q} "
        "&& python -m screen.files.made {output.made:q} {params.settings}-{params.code} {params.sources:q} --wrote {output:q}"


use rule simulate as simulate_on with:
    input:
        **dict(rules.simulate.input.items()),
        race=f"{OUT}/race.csv",
    wildcard_constraints:
        shard="|".join(map(str, LATER)),
    params:
        inputs=lambda wildcards: contents(rules.simulate_on.input),
        sources=lambda wildcards: edited(rules.simulate_on),
        made=lambda wildcards: altered(rules.simulate_on, wildcards),
    message:
        "Simulate shard {wildcards.shard}: what goes on"
