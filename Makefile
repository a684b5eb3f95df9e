# Every target makes .venv by itself; `make` alone lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
# The first interpreter of at least Python 3.11; override with `make PYTHON=...`.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
READY := $(VENV)/.ready

.PHONY: help venv reports test lab check bench clean lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# uv when it is on PATH, else pip: the same pinned files with the same hashes.
$(READY): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; none was found on PATH (make PYTHON=/path/to/python3.12 names one)." >&2; exit 1; }
	@echo "setting up $(VENV) (about a minute, once)"
	@if command -v uv >/dev/null; then \
		uv venv --quiet --clear --python "$(PYTHON)" $(VENV) && \
		uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt && \
		uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . ; \
	else \
		"$(PYTHON)" -m venv --clear $(VENV) && \
		$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt && \
		$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e . ; \
	fi
	@$(BIN)/python -m helpers.analysis.explosive_windows_compiled  # so that nobody waits for a compiler later
	@touch $(READY)

venv: $(READY) ## set up .venv from the pinned requirements

reports: $(READY) ## execute every run of notebooks/runs.toml and build the site
	@$(BIN)/python -m helpers run

test: $(READY) ## run the whole test suite
	@$(BIN)/python -m pytest

lab: $(READY) ## open JupyterLab in notebooks/
	@cd notebooks && ../$(BIN)/jupyter lab

check: $(READY) ## validate the data package
	@$(BIN)/python -m helpers check

lock: $(READY) ## compile requirements.txt again from pyproject.toml (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.txt

bench: $(READY) ## time the explosive-root tests beside pyexuber, as ratios in one run
	@$(BIN)/python tests/benchmarks/exuberance.py

clean: ## remove .venv, the generated reports and caches
	@rm -rf $(VENV) reports/html reports/executed reports/custom reports/results.json reports/status.json .reports-build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
