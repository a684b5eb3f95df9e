# Every target makes .venv by itself; `make` alone lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
# The first interpreter of at least Python 3.11; override with `make PYTHON=...`.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
READY := $(VENV)/.ready

# `make reports VINTAGE=live` shows an accepted refresh instead of the shipped tables.
ifdef VINTAGE
export WHO_PAYS_VINTAGE := $(VINTAGE)
endif

.PHONY: help venv reports sweep refresh test lab check bench clean lock

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

# The sweeps first, so that the site has their pictures; they run once, and again by `make sweep`. A run of theirs that
# fails does not keep the notebooks from being executed; make still ends with an error.
reports: $(READY) ## execute what changed of the notebooks, build the site (VINTAGE=live: on refreshed data)
	@$(BIN)/python -m helpers sweep --shipped --missing; failed=$$?; [ $$failed -le 1 ] || exit $$failed; \
	$(BIN)/python -m helpers run && exit $$failed

sweep: $(READY) ## bring the sweeps of notebooks/sweeps up to date, then the site
	@$(BIN)/python -m helpers sweep --shipped; failed=$$?; [ $$failed -le 1 ] || exit $$failed; \
	$(BIN)/python -m helpers run && exit $$failed

refresh: $(READY) ## fetch SEC, Yahoo and FRED into a new vintage of the tables, show the difference (needs a network)
	@$(BIN)/python -m helpers refresh

test: $(READY) ## run the whole test suite
	@$(BIN)/python -m pytest

lab: $(READY) ## open JupyterLab in notebooks/
	@cd notebooks && ../$(BIN)/jupyter lab

check: $(READY) ## validate the data package
	@$(BIN)/python -m helpers check

lock: $(READY) ## compile requirements.txt again from pyproject.toml (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.txt

bench: $(READY) ## time the pipeline beside papermill and the explosive-root tests beside pyexuber (half an hour)
	@$(BIN)/python tests/benchmarks/exuberance.py
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/pipeline.py

clean: ## remove .venv, the generated reports and caches
	@rm -rf $(VENV) reports/html reports/executed reports/custom reports/sweeps reports/results.json reports/status.json .reports-build .reports-cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
