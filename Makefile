# Everything a developer does here. `make` alone lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup up demo test test-memory test-integration test-system check bench lock clean

BIN := .venv/bin
export M2_REPO := $(CURDIR)/.cache/m2
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
# Pyright comes whole from the lock; without this it asks npm for something newer at each run.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

help: ## List what can be made
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install everything into .venv, as uv.lock says; all it needs is Python 3.11 or newer
	@deploy/local/bootstrap

up: setup ## Start Kafka, MongoDB and the four services on this machine; Ctrl-C ends them
	@$(BIN)/ntbcare up

demo: setup ## Fill the running platform with a made-up day of complaints
	@$(BIN)/ntbcare demo load

test: test-memory test-integration test-system ## Run the tests: in memory, with real servers, with whole processes

test-memory: setup
	$(BIN)/pytest -m "not integration and not system and not browser"

test-integration: setup
	$(BIN)/pytest -m integration

test-system: setup
	$(BIN)/pytest -m system

check: setup ## Check format, lint, types, the walls between modules and the recorded contracts
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/pytest tests/contracts

bench: setup ## Measure: make bench BENCH=name (without a name: list them)
	@$(BIN)/python -m tests.bench $(BENCH)

lock: setup ## Renew uv.lock and the list of Kafka's jars
	.cache/uv-venv/bin/uv lock --upgrade
	cd deploy/local/kafka && ../../../$(BIN)/jgo --ignore-config --class-path-only sync --force
	mv deploy/local/kafka/.jgo/jgo.lock.toml deploy/local/kafka/ && rm -r deploy/local/kafka/.jgo

clean: ## Remove what was installed, downloaded and built; data of `make up` stays
	rm -rf .cache .venv dist .hypothesis .import_linter_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
