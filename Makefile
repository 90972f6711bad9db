# What a person runs; `make` alone lists it. Everything happens inside .venv, which `make env` fills from
# requirements.lock (every file checked against its hash), once, and again when the lock file changes.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/.requirements-$(firstword $(shell cksum requirements.lock))
SLURM_STAMP := $(VENV)/.slurm-$(firstword $(shell cksum requirements-slurm.lock))
GPU_STAMP := $(VENV)/.gpu-$(firstword $(shell cksum requirements-gpu.lock))
DOCS_STAMP := $(VENV)/.docs-$(firstword $(shell cksum requirements-docs.lock))
CORES ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
# Further arguments, such as ARGS="--config seed=2" or ARGS="-k scenarios".
ARGS ?=
# Settings of `make mine`.
CONFIG ?= mine.yaml
TARGETS := env env-slurm env-gpu env-docs docs screen report archive dry-run mine validate check doctor test test-slow test-sbml test-slurm test-gpu test-faults mutants lint format schema maps lock bench bench-screen bench-gpu bench-petab bench-starts bench-scale scaling ranking smaller sobotta clean

.PHONY: help $(TARGETS)

help: ## list what there is
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(STAMP) ## set up .venv from the lock file; nothing else needs the network

# A missing stamp means a new lock file or an unfinished set-up; a venv whose Python is gone is made anew.
$(STAMP): | requirements.lock
	@python=$$(for found in $(BASE_PYTHON) python3 python3.13 python3.12 python3.11; do \
	    "$$found" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$found" && break; done || true); \
	if [ -z "$$python" ]; then \
	    echo "make env: Python 3.11 or newer must be there, found none; install python3.11 and python3.11-venv, or name one with BASE_PYTHON=..." >&2; exit 1; fi; \
	command -v "$${CC:-cc}" >/dev/null || \
	    echo "make env: no C compiler found, so a slower engine will run; install gcc or name one with CC=..." >&2; \
	$(PYTHON) -c '' 2>/dev/null || "$$python" -m venv --clear $(VENV); \
	echo "make env: installing the packages of requirements.lock into $(VENV)"; \
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@rm -f $(VENV)/.requirements-*; touch $@

env-slurm: $(SLURM_STAMP) ## add what the driver on a cluster needs

$(SLURM_STAMP): $(STAMP) | requirements-slurm.lock
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-slurm.lock
	@rm -f $(VENV)/.slurm-*; touch $@

env-gpu: $(GPU_STAMP) ## add what an NVIDIA GPU needs beside its driver (CUDA 13; drivers from 580 on)

$(GPU_STAMP): $(STAMP) | requirements-gpu.lock
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-gpu.lock
	@rm -f $(VENV)/.gpu-*; touch $@

env-docs: $(DOCS_STAMP) ## add what the pages of the documentation need

$(DOCS_STAMP): $(STAMP) | requirements-docs.lock
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-docs.lock
	@rm -f $(VENV)/.docs-*; touch $@

docs: env-docs ## the pages of docs as a site: build/site/index.html
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet

# One run at a time; the lock ends with the process that holds it, so that a killed run can be repeated at once
# (Snakemake's own lock would stay).
screen: env ## run the whole screen: results/ranked.csv and results/report.html
	@mkdir -p results; exec 9> results/.lock; \
	if command -v flock >/dev/null && ! flock --nonblock 9; then \
	    echo "make screen: waiting for another run in this folder to end" >&2; flock 9; fi; \
	if [ -n "$$(ls .snakemake/locks 2>/dev/null)" ]; then $(VENV)/bin/snakemake --cores 1 --unlock --quiet all; fi; \
	$(VENV)/bin/snakemake --cores $(CORES) $(ARGS)

report: env ## Snakemake's own report of the last run: results/workflow.zip
	$(VENV)/bin/snakemake --cores 1 --report results/workflow.zip $(ARGS)

archive: env ## network, calibration and one arm for other tools: results/stat3.omex (SBML, PEtab, SED-ML)
	$(PYTHON) -m screen export --to combine $(ARGS)

dry-run: env ## what would run, how many trajectories that is and roughly how long
	$(VENV)/bin/snakemake --cores $(CORES) --quiet rules host --dry-run $(ARGS)

mine: env ## screen what CONFIG=mine.yaml names under the shipped draws, no fit; results/mine
	$(PYTHON) -m screen mine --config $(CONFIG) $(ARGS)

validate: env ## check the published facts of the panel: results/validation.csv and results/validation.svg
	$(PYTHON) -m screen validate $(ARGS)

check: env ## read every input, report sizes and problems
	$(PYTHON) -m screen check $(ARGS)

doctor: env ## what this machine has and lacks
	$(PYTHON) -m screen doctor

test: env ## the tests, on all cores
	$(PYTHON) -m pytest --numprocesses $(CORES) --dist loadfile --no-loadscope-reorder $(ARGS)

test-slow: env ## the tests, the slow ones too
	$(PYTHON) -m pytest -m "not slurm and not gpu and not faults" $(ARGS)

test-sbml: env ## the SBML Test Suite in SBML_TEST_SUITE on the kernel, a table by tag; writes benchmarks/results
	$(PYTHON) -m benchmarks.sbml_suite --cores $(CORES) $(ARGS)

test-slurm: env-slurm ## tests that need a SLURM controller
	SCREEN_SLURM=1 $(PYTHON) -m pytest -m slurm $(ARGS)

test-gpu: env-gpu ## tests that need an NVIDIA GPU
	$(PYTHON) -m pytest -m gpu $(ARGS)

mutants: env ## the share of faults put into the code that the nearest tests notice; ARGS="--package screen/rank"
	$(PYTHON) -m tests.mutants $(ARGS)

test-faults: env ## whole runs killed, starved and damaged, each completed by the next (a quarter of an hour)
	$(PYTHON) -m pytest -m faults --numprocesses $(CORES) $(ARGS)

lint: env ## format, style, types, layers, workflow
	$(VENV)/bin/ruff check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/snakefmt --check Snakefile workflow
	$(VENV)/bin/snakemake --lint

format: env ## rewrite Python and workflow files in the house format
	$(VENV)/bin/ruff format
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/snakefmt Snakefile workflow

schema: env ## write the JSON schema of config.yaml from the settings classes
	$(PYTHON) -m screen.settings > workflow/schemas/config.schema.json

maps: env ## draw the network, module by module, and list its genes, in docs
	$(PYTHON) -m screen pages --maps docs/network --genes docs/genes.md

# Addresses of indexes are left out of the lock files on purpose: names, versions and hashes say it all.
LOCK := $(VENV)/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

lock: ## resolve the dependencies anew (needs the network)
	$(LOCK) --extra dev --extra test --output-file requirements.lock pyproject.toml
	$(LOCK) --extra slurm --constraint requirements.lock --output-file requirements-slurm.lock pyproject.toml
	$(LOCK) --extra gpu --constraint requirements.lock --output-file requirements-gpu.lock pyproject.toml
	$(LOCK) --extra docs --constraint requirements.lock --output-file requirements-docs.lock pyproject.toml
	sed -i -E '/^#|:\/\/|^$$/d' requirements.lock requirements-slurm.lock requirements-gpu.lock requirements-docs.lock

bench: env ## measure the engines; writes benchmarks/results
	$(PYTHON) -m benchmarks $(ARGS)

bench-screen: env ## what the default screen costs, stage by stage (half an hour); writes benchmarks/results/screen.json
	$(PYTHON) -m benchmarks.screen --json benchmarks/results/screen.json $(ARGS)

bench-gpu: env-gpu ## measure engine cuda on a GPU beside the C kernel on two cores and on all, and how busy it is in a screen (6 minutes)
	$(PYTHON) -m benchmarks.gpu_cases .cache/gpu_cases.npz
	$(PYTHON) benchmarks/gpu.py --cases .cache/gpu_cases.npz --json benchmarks/results/gpu.json $(ARGS)
	$(PYTHON) -m screen network --results .cache/gpu
	$(PYTHON) -m screen scenarios --results .cache/gpu
	$(PYTHON) benchmarks/gpu_simulate.py --results .cache/gpu --json benchmarks/results/gpu_simulate.json

bench-petab: env ## PEtab problems: likelihood beside the published one, cost of a gradient; ARGS="folder/*/*.yaml"
	$(PYTHON) benchmarks/petab.py $(ARGS)

bench-starts: env ## how many random starts of `fit --petab` reach the published optimum; ARGS="folder/*/*.yaml"
	$(PYTHON) benchmarks/petab_starts.py $(ARGS)

scaling: env ## cost and memory of the kernel from a thousand to a million lanes, on all cores
	$(PYTHON) -m benchmarks.scaling $(ARGS)

bench-scale: env ## what the stages of a screen cost by its size, and what follows for more (16 minutes of processor)
	$(PYTHON) -m benchmarks.scale --json benchmarks/results/scale.json $(ARGS)

ranking: env ## time and memory of rank and report for a million responses and for ten millions
	$(PYTHON) -m benchmarks.ranking $(ARGS)

smaller: env ## how much faster the network is without some of its modules, on one core
	$(PYTHON) -m benchmarks.smaller $(ARGS)

sobotta: env ## the published Sobotta 2017 fit through our engine and search; ARGS="--starts 10" for the search
	$(PYTHON) -m benchmarks.sobotta $(ARGS)

clean: ## remove results, caches and .venv
	rm -rf $(VENV) .snakemake .cache .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
	find results -mindepth 1 -not -name .gitkeep -delete
