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
# One more than there are processors, since some tests wait.
WORKERS := $(shell expr $$(nproc 2>/dev/null || echo 2) + 1)
# What takes longest, by `pytest --durations=0`, and seldom breaks alone: left to `make test`.
SLOW := team cluster k8s tekton scenarios/test_disturbed.py scenarios/test_order.py test_contributing.py test_documents.py test_streams.py test_termination.py

.PHONY: help run new-cause fix check lint quick test fuzz bench image bundle docs manifests cluster cluster-delete cluster-clean e2e e2e-tekton e2e-storm e2e-scenarios score venv schema clean

help: ## show this help
	@awk -F':.*## ' '/^##@ /{printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Try it

run: $(VENV)/.run ## investigate a sample alert from its recording
	@$(BIN)/incident-agent investigate $(SAMPLE)/alert.txt --replay $(SAMPLE)/recording

##@ Change it

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
	@git config --get diff.recording.textconv >/dev/null 2>&1 || echo "to see in git diff what changed in a recording:" \
	  "git config diff.recording.textconv 'python3 -m e2e.score.textconv'" >&2
	@touch $@

venv: $(VENV)/.dev ## create the development environment in .venv

new-cause: $(VENV)/.dev ## draft a cause: NAME=pod-frozen FAMILY=workload KIND=Pod
	@$(BIN)/python -m tests.new_cause "$(NAME)" "$(FAMILY)" "$(KIND)"

fix: $(VENV)/.dev ## fix and format the code
	@$(BIN)/ruff check -q --fix --exit-zero .
	@$(BIN)/ruff format .

check: $(VENV)/.dev ## check lint, format, types and import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --no-cache

lint: check

quick: $(VENV)/.dev ## run the tests that a change most likely breaks: 20 s
	@$(BIN)/pytest -q -n $(WORKERS) --timeout 60 tests $(addprefix --ignore=tests/,$(SLOW)) --ignore-glob='*hostile*'

test: $(VENV)/.dev ## run all tests without cluster or network: 2 minutes
	@$(BIN)/pytest -q -n $(WORKERS) --timeout 300 tests

fuzz: $(VENV)/.dev ## run on hostile alerts, recordings and servers: 8 minutes
	@$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),560) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY)) \
	  $(if $(CASE),--case $(CASE))

bench: $(VENV)/.dev ## measure what a run costs, as ratios within one run
	@$(BIN)/python -m tests.bench
	@if test -f e2e/.state/kubeconfig; then $(BIN)/python -m e2e.bench_k8s && $(BIN)/python -m e2e.tekton.bench; \
	 else echo "(make cluster first: then the Deployment and Tekton are measured too)"; fi

schema: $(VENV)/.run ## write the JSON Schema of the result
	@$(BIN)/incident-agent schema > agent/verdict/result.schema.json

docs: $(VENV)/.dev ## write the generated parts of documents
	@$(BIN)/python -m tests.coverage
	@$(BIN)/python -m tests.documents

manifests: $(VENV)/.dev ## write the generated parts of the manifests
	@$(BIN)/python -m k8s.recording
	@$(BIN)/python -m tekton.triggers.listener

clean: ## remove the environment and caches of this checkout
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info

##@ Install it

image: ## build the container image; BASE=IMAGE, EXTRA=openai
	@docker build $(if $(BASE),--build-arg BASE=$(BASE)) $(if $(EXTRA),--build-arg EXTRA=$(EXTRA)) \
	  --build-arg REVISION=$$(git rev-parse --short HEAD 2>/dev/null || echo unknown) -t $(IMAGE) .
	@docker image inspect -f '{{.Size}}' $(IMAGE) | awk '{printf "$(IMAGE): %.0f MB\n", $$1/1e6}'

# Needs kubectl and tkn.
bundle: ## push the Tekton bundle: BUNDLE=REGISTRY/NAME:TAG
	@$(PYTHON) -m tekton.bundle.push "$(BUNDLE)" $(if $(filter-out incident-agent:dev,$(IMAGE)),--image "$(IMAGE)")

##@ Prove it on a cluster

cluster: $(VENV)/.dev ## create the kind cluster, leave it running
	@$(BIN)/python -m e2e.cluster create

cluster-delete: $(VENV)/.dev ## delete the kind cluster
	@$(BIN)/python -m e2e.cluster delete

cluster-clean: $(VENV)/.dev ## delete the cluster, its images and the build cache
	@$(BIN)/python -m e2e.cluster clean

e2e: $(VENV)/.dev ## test the raw manifests on a kind cluster
	@$(BIN)/python -m e2e.cluster build
	@$(BIN)/pytest -n 3 e2e/test_cluster.py e2e/k8s $(PYTEST_ARGS)

e2e-tekton: $(VENV)/.dev ## test Tekton, Alertmanager, a storm of alerts
	@$(BIN)/pytest e2e/tekton $(PYTEST_ARGS)

e2e-storm: $(VENV)/.dev ## storm the listener while parts are killed; a table
	@$(BIN)/python -m e2e.tekton.storms $(STORM_ARGS)

e2e-scenarios: $(VENV)/.dev ## run every scenario live and judge it
	@$(BIN)/pytest -s e2e/test_scenarios.py $(PYTEST_ARGS)

score: $(VENV)/.dev ## print the table of scenarios, live, then disturbed
	@$(BIN)/python -m e2e.score --live && $(BIN)/python -m e2e.score
