# Needs Python 3.11 or newer, git and make. Everything else goes into .venv, from hash-locked requirements.
PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
# Wheels only: a source package would run its own build, with whatever that build fetches outside the lock.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:

MADE := $(VENV)/.made
RUN := $(VENV)/.run-installed
DEV := $(VENV)/.dev-installed
LINKED := $(VENV)/.linked

# Where nothing compiled is kept, each of the tests' many processes compiles all of the program again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo up test simulate lint supply format bench lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(DEV) $(LINKED) ## Build .venv with everything needed to work on the code

demo: $(LINKED) ## Play the whole journey against four local agencies (no server, no development tool)
	@$(BIN)/concordat demo $(ARGS)

up: $(LINKED) ## Run the embedded hub for daily use: API, worker and timetable in one process
	@$(BIN)/concordat up $(ARGS)

test: $(DEV) $(LINKED) ## Run the whole suite; it ends by saying which servers it could not reach
	@$(BIN)/python -m pytest $(ARGS)

simulate: $(DEV) $(LINKED) ## Play 10,000 seeded histories and let an oracle look at each (ARGS='--seeds 1000000')
	@$(BIN)/python -m tests.simulation --seeds 10000 --processes 2 $(ARGS)

lint: $(DEV) $(LINKED) ## Check style, format, types and the walls between the packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

supply: $(DEV) $(LINKED) ## Audit what is locked, write its bill of materials, look for unsafe code and for secrets
	$(BIN)/python requirements/audit.py
	@mkdir -p build
	$(BIN)/cyclonedx-py requirements requirements/run.txt --output-reproducible --validate --output-file build/sbom.cdx.json
	$(BIN)/bandit --quiet --recursive hub connectors consent protocols --severity-level medium --confidence-level medium
	@# 3: known findings moved to other lines, and the list was brought up to date
	$(BIN)/detect-secrets-hook --baseline requirements/secrets.json $$(git ls-files ':!requirements/secrets.json') || [ $$? -eq 3 ]

format: $(DEV) ## Put the code into the one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV) $(LINKED) ## Measure our figures beside a limit or a peer, in one run
	@$(BIN)/python -m bench $(ARGS)

lock: ## Make both lock files again from pyproject.toml (needs uv)
	requirements/lock.sh $(ARGS)

clean: ## Remove .venv and every cache; data folders stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(MADE):
	@command -v $(PYTHON) >/dev/null || { echo "Concordat needs Python 3.11 or newer, and '$(PYTHON)' is not here: install it, or name one with 'make PYTHON=...'." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Concordat needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) -V 2>&1): name a newer one with 'make PYTHON=...'." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python cannot make an environment: on Debian, run 'apt-get install python3-venv' and try again." >&2; exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(RUN): requirements/run.txt $(MADE)
	@echo "Installing what the hub runs on (hash-locked) ..."
	@$(INSTALL) -r requirements/run.txt
	@touch $@

$(DEV): requirements/dev.txt $(RUN)
	@echo "Installing what its tests and checks run on (hash-locked) ..."
	@$(INSTALL) -r requirements/dev.txt
	@touch $@

# By path, never by name: a package of the same name on an index is a stranger's (docs/adr/0007).
$(LINKED): pyproject.toml $(RUN)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
