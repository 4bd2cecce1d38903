# Everything a person does with a clone. Set-up lives in .venv and runs again only when pyproject.toml changes.

VENV ?= .venv
ARGS ?=
ONLY ?=
PYTHON ?= $(shell scripts/find-python)

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench clean
.DELETE_ON_ERROR:

help: ## Show what there is to make
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16
	@echo "Options: make demo ARGS=--exit, make test ARGS='-k windows -x', make bench ONLY=scan, PYTHON=python3.12"

demo: $(VENV)/.demo ## Watch real models on this machine, until Ctrl-C
	@$(BIN)/driftgauge demo $(ARGS)

test: $(VENV)/.dev ## Run all tests with coverage
	@$(BIN)/python -m pytest --numprocesses=2 --dist=loadgroup --cov --cov-report=term $(ARGS)

lint: $(VENV)/.dev ## Check style, types, import directions and that output/ is fresh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/driftgauge generate --check

bench: $(VENV)/.demo ## Measure ours beside the peers
	@$(BIN)/python -m benchmarks $(ONLY)

clean: ## Remove the environment and every cache
	rm -rf $(VENV) .cache .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

# An older pip knows no --group.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer with venv found; install one, or say PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Set-up, once: $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --upgrade 'pip>=25.1'

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	@echo "Set-up, once: installing driftgauge for the demo (a minute or two)"
	@$(PIP) install --quiet --editable '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "Set-up, once: installing driftgauge and the test tools (a minute or two)"
	@$(PIP) install --quiet --editable '.[demo]' --group dev
	@touch $@ $(VENV)/.demo
