SHELL := /bin/bash
PORT ?= 8000
API_PORT ?= 6443
DATA ?= .data
VENV := .venv
PY := $(VENV)/bin/python
export DATA PYTHON
# Byte code, and the assertions pytest rewrites, are kept: made anew by each worker they take a tenth of the fast tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run setup test test-fast scenarios soak lint format types bench profile assets check clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: setup ## start everything: database, Redis, workers, dashboard (PORT), Kubernetes API (API_PORT), a demo cluster (DATA)
	@exec $(PY) manage.py up --port $(PORT) --api-port $(API_PORT) --data "$$DATA"

setup: ## make the virtual environment with a Python from 3.11 on (PYTHON) and install the pinned dependencies
	@bin/setup $(VENV)

test: setup ## run every test, installing what they need (Debian: chromium, iptables, postgresql)
	@tests/prepare
	@$(PY) -m pytest -q -n 2 --dist loadfile -m "not slow"
	@$(PY) -m pytest -q -m slow

test-fast: setup ## run the tests that start no processes, browsers or kernels, and search for nothing at random
	@$(PY) -m pytest -q -n 2 --dist loadfile -m "not slow and not search"

scenarios: setup ## run the scenario transcripts; REWRITE=1 writes the new output into them
	@$(PY) -m pytest -q tests/scenarios $(if $(REWRITE),--rewrite)

soak: setup ## the deterministic simulations for longer than in `make test`: SEEDS=20000
	@SEEDS=$(or $(SEEDS),20000) $(PY) -m pytest -q -n 2 tests/etcd/test_simulation.py tests/apiserver/test_linearizability.py

lint: setup ## ruff, mypy, import contracts, templates
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(VENV)/bin/djade --check --target-version 5.2 $$(git ls-files 'templates/*.html')
	@$(PY) manage.py makemigrations --check --dry-run

format: setup ## put the code into the agreed form
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

types: setup ## mypy only
	@$(VENV)/bin/mypy

bench: setup ## measure this machine against the budgets (all, or FIGURES="…"); writes bench/results.json
	@$(PY) -m bench $(FIGURES)

profile: setup ## where the microseconds of a write go, by stage
	@$(PY) -m bench.profile

assets: ## rebuild the vendored front-end files (needs npm)
	@npm ci --ignore-scripts --no-audit --no-fund && node static/vendor/build.mjs

check: lint test ## what CI runs

clean: ## delete the environment and all data of the embedded machine
	rm -rf $(VENV) "$$DATA"
