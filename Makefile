# Everything a person or CI runs. `make` alone prints this help.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
IMAGE ?= incident-agent:dev
BASE ?=
SAMPLE := agent/samples/high-cpu-traffic

.PHONY: help run test lint fuzz bench image bundle docs manifests cluster cluster-delete cluster-clean e2e e2e-tekton e2e-scenarios score venv schema clean

help: ## show this help
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment: what the program needs first, what its developers need only on demand.
$(VENV)/.run: requirements.txt pyproject.toml
	@echo "creating the environment in $(VENV) ..." >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=python3.x" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -q --require-hashes -r requirements.txt
	@$(BIN)/pip install -q --no-deps --config-settings editable_mode=compat -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@$(BIN)/pip install -q --require-hashes -r requirements-dev.txt
	@touch $@

venv: $(VENV)/.dev ## create the development environment in .venv

run: $(VENV)/.run ## investigate the sample alert: no key, no cluster, no language model
	@$(BIN)/incident-agent investigate $(SAMPLE)/alert.txt --replay $(SAMPLE)/recording

test: $(VENV)/.dev ## unit and contract tests: no cluster, no network, under two minutes
	@$(BIN)/pytest -q -n auto --timeout 300 tests

lint: $(VENV)/.dev ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

SECONDS ?= 300
fuzz: $(VENV)/.dev ## hostile alerts, recordings and servers, five minutes; SECONDS=, SEED=, ONLY=STAGE CASE=N
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY)) \
	  $(if $(CASE),--case $(CASE))

bench: $(VENV)/.dev ## what a run costs: wall, CPU, memory, as ratios within one run
	@$(BIN)/python -m tests.bench
	@if test -f e2e/.state/kubeconfig; then $(BIN)/python -m e2e.bench_k8s && $(BIN)/python -m e2e.tekton.bench; \
	 else echo "(make cluster first: then the Deployment and Tekton are measured too)"; fi

schema: $(VENV)/.run ## write the JSON Schema of the result from the code
	@$(BIN)/incident-agent schema > agent/result.schema.json

docs: $(VENV)/.dev ## write what documents take from the code
	@$(BIN)/python -m tests.documents

manifests: $(VENV)/.dev ## write what is generated into the manifests
	@$(BIN)/python -m k8s.recording
	@$(BIN)/python -m tekton.triggers.listener

image: ## build the container image; BASE=... takes another base image, EXTRA=openai adds that client
	@docker build $(if $(BASE),--build-arg BASE=$(BASE)) $(if $(EXTRA),--build-arg EXTRA=$(EXTRA)) \
	  --build-arg REVISION=$$(git rev-parse --short HEAD 2>/dev/null || echo unknown) -t $(IMAGE) .
	@docker image inspect -f '{{.Size}}' $(IMAGE) | awk '{printf "$(IMAGE): %.0f MB\n", $$1/1e6}'

bundle: ## push Pipeline and Tasks as a Tekton bundle: BUNDLE=REGISTRY/NAME:TAG; needs kubectl and tkn
	@$(PYTHON) -m tekton.bundle.push "$(BUNDLE)" $(if $(filter-out incident-agent:dev,$(IMAGE)),--image "$(IMAGE)")

cluster: $(VENV)/.dev ## build what is missing, create the kind cluster, leave it running
	@$(BIN)/python -m e2e.cluster create

cluster-delete: $(VENV)/.dev ## delete the kind cluster
	@$(BIN)/python -m e2e.cluster delete

cluster-clean: $(VENV)/.dev ## delete the cluster, its images and the build cache
	@$(BIN)/python -m e2e.cluster clean

e2e: $(VENV)/.dev ## end-to-end: a real kind cluster, built from packages where no registry is reachable; raw manifests
	@$(BIN)/python -m e2e.cluster build
	@$(BIN)/pytest -n 3 e2e/test_cluster.py e2e/k8s $(PYTEST_ARGS)

e2e-tekton: $(VENV)/.dev ## end-to-end: Tekton, its listeners, a real Alertmanager, a bundle, a storm of alerts
	@$(BIN)/pytest e2e/tekton $(PYTEST_ARGS)

e2e-scenarios: $(VENV)/.dev ## end-to-end: every scenario live, judged
	@$(BIN)/pytest -s e2e/test_scenarios.py $(PYTEST_ARGS)

score: $(VENV)/.dev ## every scenario live on the running cluster, judged; then the recordings, disturbed
	@$(BIN)/python -m e2e.score --live && $(BIN)/python -m e2e.score

clean: ## remove the environment and caches of this checkout
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info
