# Every target sets up what it needs by itself. Needed: make, and Python 3.11 or newer with its venv module.
.DEFAULT_GOAL := help
.PHONY: help setup sluice demo picture screenshots console local test matrix simulate fuzz load nightly check synth deploy destroy bench lock pin docs clean

# The first Python on the PATH that is new enough; `make PYTHON=…` names another.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$name >/dev/null && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin
SLUICE := $(BIN)/sluice
LOCK := $(BIN)/uv pip compile --universal --generate-hashes --no-header --no-annotate --quiet
CDK := $(BIN)/node node_modules/aws-cdk/bin/cdk
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Bytecode is kept whatever the caller has set: without it each of the many processes of a deploy or a test compiles anew.
export PYTHONDONTWRITEBYTECODE :=
# The Node of the virtual environment stands before any other: the CDK needs it also where tests synthesise.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# `make … PROJECT=DIR` is about another project than this repository's own.
export SLUICE_PROJECT := $(if $(PROJECT),$(abspath $(PROJECT)),$(SLUICE_PROJECT))
# A stamp carries the checksum of what it was made from: nothing runs twice, and nothing stale stays.
CORE := .venv/core-$(shell cksum < requirements.txt | cut -d' ' -f1)
PACKAGES := .venv/packages-$(shell cat requirements*.txt | cksum | cut -d' ' -f1)
INSTALLED := .venv/project-$(shell cksum < pyproject.toml | cut -d' ' -f1)
CDK_CLI := node_modules/cli-$(shell cksum < package-lock.json | cut -d' ' -f1)
# The console's page, bundled from its sources.
PAGE := console/page/dist/built-$(shell find package-lock.json console/page -path console/page/dist -prune -o -type f -print | LC_ALL=C sort | xargs cat | cksum | cut -d' ' -f1)

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(PAGE) $(PACKAGES) ## the virtual environment, the CDK's command line and the console's page, all in this folder

sluice: $(PAGE) ## the same without what only the work on Sluice itself needs: what a project's sluicew sets up

demo: setup ## the whole system on this machine: real files in, live progress, checked results, an alert; KEEP=true keeps it, PORT=4567
	@$(SLUICE) demo $(if $(KEEP),--keep) $(if $(PORT),--port $(PORT)) $(ARGS)

picture: setup ## the pictures of the README, from a real run of the demo
	@$(SLUICE) demo --picture docs/pictures

console: setup ## the page in the browser, over the local cloud that runs or the account of your credentials
	@$(SLUICE) console

local: setup ## AWS on this machine with the project deployed, until Ctrl-C
	@$(SLUICE) local up

test: setup ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder $(ARGS)

matrix: setup ## every pipeline with each of its AWS calls going wrong in every way; ARGS="--only TEXT" for some of the cases
	@$(BIN)/python -m tests.matrix matrix $(ARGS)

simulate: setup ## random pipelines with random trouble: MINUTES=1, SEED=n to play one again step by step, ARGS=--teeth
	@PYTHONHASHSEED=0 $(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--minutes $(or $(MINUTES),1)) $(ARGS)

fuzz: setup ## the webhook's Lambda with requests by chance: EXAMPLES=25000, about a minute
	@SLUICE_FUZZ_EXAMPLES=$(or $(EXAMPLES),25000) $(BIN)/python -m pytest -q tests/lambdas/webhook -k noise

load: setup ## many runs at the same moment, SubmitJob throttled, machines taken away: RUNS=1000
	@$(BIN)/python -m tests.matrix load --runs $(or $(RUNS),1000)

nightly: setup ## the tests that take minutes; ARGS=tests/executors for Metaflow, redun, Snakemake and Lithops against the engine
	$(BIN)/python -m pytest -m nightly $(ARGS)

# How a project is written is its team's: what a fork of this repository adds breaks no check.
OURS := containers/__init__.py containers/start containers/cleanup containers/backfill containers/backfill_reports containers/step
THEIRS := $(addprefix --extend-exclude=,pipelines tests/pipelines $(filter-out $(OURS),$(wildcard containers/*)))

check: setup ## linter, types, and docs that cannot lie
	$(BIN)/ruff check $(THEIRS) .
	$(BIN)/ruff format $(THEIRS) --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/docs tests/style tests/test_imports.py

synth: setup ## the CloudFormation templates, into cdk.out
	@$(CDK) synth --quiet --no-notices --no-version-reporting --output cdk.out
	@ls cdk.out/*.template.json

deploy: setup ## the project to the AWS account of your credentials, with the settings of its sluice.toml
	@ALERT_EMAIL="$(ALERT_EMAIL)" ALERT_PHONE="$(ALERT_PHONE)" $(BIN)/python -m cli.deploy

destroy: setup ## the stacks out of that account, after saying what outlives them: CONFIRM=Sluice [DATA=yes removes that too]
	@$(SLUICE) destroy $(if $(CONFIRM),--confirm "$(CONFIRM)") $(if $(DATA),--data)

bench: setup ## every figure of the README, measured on this machine
	@$(BIN)/python -m benchmarks $(ARGS)

lock: setup ## the hashes of everything that is installed, from the *.in files
	@for name in requirements requirements-dev; do $(LOCK) --python-version 3.11 $$name.in -o $$name.txt || exit 1; done
	@$(LOCK) --python-version 3.11 --no-deps requirements-data.in -o requirements-data.txt
	@$(LOCK) --python-version 3.13 sluice/runtime/requirements.in -o sluice/runtime/requirements.txt
	@cp sluice/runtime/requirements.txt containers/step/requirements.txt
	@$(LOCK) --python-version 3.13 containers/backfill_reports/requirements.in -o containers/backfill_reports/requirements.txt
	@$(LOCK) --python-version 3.13 console/requirements.in -o console/requirements.txt
	@$(LOCK) --python-version 3.13 --no-deps examples/containers/post_trade/requirements.in -o examples/containers/post_trade/requirements.txt

pin: setup ## the project's base images by digest, as their registry has them now; ARGS=--check only looks whether all are
	@$(BIN)/python -m cli.pin $(ARGS)

docs: setup ## the parts of the docs that come from the code
	@$(BIN)/python -m docs.pages

screenshots: setup ## the pictures of docs/console.md, and of the README, taken of the page in a browser
	@UPDATE_SCREENSHOTS=1 $(BIN)/python -m pytest -q tests/console/page/test_screenshots.py tests/e2e/console/test_picture.py

clean: ## removes all that these targets made; nothing outside this folder
	@rm -rf .venv node_modules console/page/dist cdk.out .sluice .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Expected Python 3.11 or newer on the PATH, found none. Debian, Ubuntu: sudo apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Expected the venv module of $(PYTHON), found none. Debian, Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	@echo "A virtual environment in .venv …"
	@$(PYTHON) -m venv .venv

# Without bytecode, which takes longer to write than all the rest: of the CDK's 400 MB a deploy imports a few modules.
# Those are compiled once Sluice itself is there.
$(CORE): | $(BIN)/python
	@echo "Python packages …"
	@$(BIN)/pip install --quiet --no-compile --require-hashes -r requirements.txt
	@rm -f .venv/core-* && touch $@

$(PACKAGES): $(CORE)
	@echo "Python packages of developers …"
	@$(BIN)/pip install --quiet --no-compile --require-hashes -r requirements-dev.txt
	@$(BIN)/pip install --quiet --no-compile --require-hashes --no-deps -r requirements-data.txt
	@rm -f .venv/packages-* && touch $@

$(INSTALLED): $(CORE)
	@echo "Sluice itself …"
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@$(BIN)/python -c 'import app, cli.main, local.server.serve'
	@rm -f .venv/project-* && touch $@

$(CDK_CLI): $(INSTALLED)
	@echo "The CDK's command line …"
	@$(BIN)/python -c 'from local.deployment.cdk import install_cli; install_cli()'
	@rm -f node_modules/cli-* && touch $@

$(PAGE): $(CDK_CLI)
	@echo "The console's page …"
	@$(BIN)/npm run --silent console
	@touch $@
