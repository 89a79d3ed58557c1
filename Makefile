# Two commands do everything on a fresh machine: `make table` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SETUP_FLAGS ?=
JOBS ?= 2

# Tests that need the shared source data find it through this variable, and skip where it is absent.
ifneq ($(wildcard ../shared),)
export SCOREBENCH_SHARED ?= $(abspath ../shared)
endif

.PHONY: help setup table test test-slow lint types format docs clean

help:  ## What can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

$(VENV)/.ready: pyproject.toml scorebench/bootstrap.py
	$(PYTHON) scorebench/bootstrap.py --venv $(VENV) $(SETUP_FLAGS)

setup: $(VENV)/.ready  ## Make .venv with everything in it

table: setup  ## Build the embedded dataset if need be, run every tracker, print the table
	$(BIN)/scorebench table --paper --jobs $(JOBS)

test: setup  ## The test suite, without the slow tests
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: setup  ## The slow tests alone
	$(BIN)/python -m pytest -m slow

lint: setup  ## Lint and format check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup  ## Static types
	$(BIN)/mypy

format: setup  ## Put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup  ## The documentation as a website in site/
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	$(BIN)/mkdocs build --strict

clean:  ## Remove .venv and caches; runs and built datasets stay
	rm -rf $(VENV) site .pytest_cache .mypy_cache .ruff_cache .hypothesis
