# Every target does its own set-up: it needs make, pip and Python 3.11 or newer, nothing else.
PYTHON ?= python3
WORKERS ?= 2
PYTEST_ARGS ?=
PIP_FLAGS ?= --quiet --quiet
NAME ?=
BENCH_ARGS ?=

BIN := .venv/bin
PYTEST = $(BIN)/python -m pytest -n $(WORKERS)
PIP = $(BIN)/python -m pip install $(PIP_FLAGS)

# Patience with a slow package registry; what the environment says already wins.
PIP_DEFAULT_TIMEOUT ?= 120
PIP_RETRIES ?= 10
PIP_DISABLE_PIP_VERSION_CHECK ?= 1
export PIP_DEFAULT_TIMEOUT PIP_RETRIES PIP_DISABLE_PIP_VERSION_CHECK

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-slow lint format types bench clean

help:  ## list the targets
	@echo "make TARGET [PYTHON=python3.12] [WORKERS=2] [PYTEST_ARGS='-k flux']"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' Makefile

demo: .venv/installed  ## fit, check and report on built-in real data; the result is in demo/
	$(BIN)/conservax demo --out demo --force

test: .venv/installed-dev  ## the fast tests, on WORKERS processes
	$(PYTEST) -m "not slow" $(PYTEST_ARGS)

test-slow: .venv/installed-dev  ## the statistical and long tests
	$(PYTEST) -m slow $(PYTEST_ARGS)

lint: .venv/installed-dev  ## ruff: rules and formatting, nothing is changed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: .venv/installed-dev  ## ruff: mend what can be mended, then format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: .venv/installed-dev  ## pyright over the package (its first run fetches Node where there is none)
	$(BIN)/pyright --pythonpath $(BIN)/python

bench: .venv/installed-dev  ## benchmarks: the list, or one: make bench NAME=... [BENCH_ARGS=--quick]
	$(BIN)/python -m benchmarks $(NAME) $(BENCH_ARGS)

clean:  ## remove .venv, demo/, builds and caches
	rm -rf .venv demo build dist .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- set-up: each stamp is written only once its step is complete, so that a broken one is repeated.

.venv/created:
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { \
	  echo "No '$(PYTHON)' here. Install Python 3.11 or newer, or name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "conservax needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)."; \
	  echo "Install a newer one, or name it: make PYTHON=python3.12"; exit 1; }
	@echo "creating .venv with $$($(PYTHON) --version)"
	@# Some systems ship Python without ensurepip: then the pip that is there fills the environment.
	@$(PYTHON) -m venv --clear .venv >/dev/null 2>&1 || { \
	  $(PYTHON) -m venv --clear --without-pip .venv && \
	  $(PYTHON) -m pip --python $(BIN)/python install $(PIP_FLAGS) pip; }
	@touch $@

.venv/installed: pyproject.toml | .venv/created
	@echo "installing conservax and what it needs: takes a minute, more on a slow network"
	@echo "(make PIP_FLAGS= shows every step) ..."
	@$(PIP) --editable .
	@touch $@

.venv/installed-dev: pyproject.toml | .venv/created
	@echo "installing conservax with its development tools: takes a minute, more on a slow network"
	@echo "(make PIP_FLAGS= shows every step) ..."
	@$(PIP) --editable '.[dev]'
	@touch .venv/installed $@
