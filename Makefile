# Everything a developer does here. `make` alone lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup up demo test test-memory test-integration test-system test-browser pictures check check-format check-lint check-types check-walls check-contracts contracts diagrams bench lock clean facts helm chart tools fire test-images images fuzz scan site

BIN := .venv/bin
# One process a core; each that needs Kafka and MongoDB has its own. Whole platforms and browsers run one after another.
PYTEST_MANY := $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist worksteal
export M2_REPO := $(CURDIR)/.cache/m2
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
# Pyright comes whole from the lock; without this it asks npm for something newer at each run.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

help: ## List what can be made
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install everything into .venv, as uv.lock says; all it needs is Python 3.11 or newer
	@deploy/local/bootstrap

up: setup ## Start Kafka, MongoDB and the four services on this machine; Ctrl-C ends them
	@$(BIN)/ntbcare up

demo: setup ## Load the 278 complaints of January to October 2021 (made-up texts) into the running platform
	@$(BIN)/ntbcare demo load

test: test-memory test-integration test-system test-browser ## Run the tests: in memory, with real servers, with whole processes, in a browser

test-memory: setup
	$(PYTEST_MANY) -m "not integration and not system and not browser and not images"

test-integration: setup
	$(PYTEST_MANY) -m integration

test-system: setup
	$(BIN)/pytest --durations=15 -m system tests/deploy tests/system

test-browser: setup
	$(BIN)/pytest --durations=15 -m browser tests/system

tools: ## Install what some tests use where it is missing: Chromium, Prometheus (Debian, Ubuntu; as root)
	@deploy/local/install-tools

fire: setup ## Kill, stop, cut off and starve everything while people complain; SEED=1 COMPLAINTS=10000
	@$(BIN)/python -m tests.system.fire

test-images: images ## Test the images and Compose on a Docker engine, where there can be one
	$(BIN)/pytest --durations=5 -m images tests/images

pictures: setup ## Take the pictures of docs/screenshots again
	mkdir -p docs/screenshots
	NTBCARE_PICTURES=docs/screenshots $(BIN)/pytest -m browser -k looked_at

check: check-format check-lint check-types check-walls check-contracts ## Check format, lint, types, module walls, contracts

check-format: setup
	$(BIN)/ruff format --check

check-lint: setup
	$(BIN)/ruff check

check-types: setup
	$(BIN)/pyright

check-walls: setup
	$(BIN)/lint-imports

check-contracts: setup
	$(BIN)/pytest tests/contracts

images: setup ## Build the images of the services and of the command, with lists of their parts; TAG=local
	@deploy/local/install-docker
	@deploy/local/base-images
	@deploy/local/build-images

contracts: setup ## Record what was added to events; whatever would break a consumer is refused
	$(BIN)/python -m tests.contracts.schemas

diagrams: setup ## Draw docs/case-states.md, notices.md and metrics.md and the dashboards and the gateway's table from what they show
	$(BIN)/python -m deploy.diagrams
	$(BIN)/python -m deploy.metrics_page
	$(BIN)/python -m deploy.dashboards
	$(BIN)/python -m deploy.gateway.routes

facts: setup ## Write what the Helm chart has to know of the code
	$(BIN)/python -m deploy.charting

helm: setup ## Fetch Helm (once 40 MB), for `make chart` and the tests of the chart
	@deploy/local/install-helm

chart: helm ## Lint, render and check the Helm chart
	@deploy/local/install-checkov
	$(BIN)/python -m tests.chart

bench: setup ## Measure: BENCH=accept, visible, project, rebuild, route, lifecycle, burst, surge, queues, dashboard, notify, alike, traces or idle; PROFILE=<service> says where time goes
	@$(BIN)/python -m tests.bench $(BENCH)

RECORDS ?= 100000
SEED ?= 1

fuzz: setup ## Give mutated records to all consumers and say what became of each: RECORDS=100000 SEED=1
	@$(BIN)/python -m tests.hostile $(RECORDS) $(SEED)

site: setup ## Build the site of docs/, the API and the events into site/; whatever is broken fails
	@$(BIN)/python -m deploy.site

scan: setup ## Look for secrets in what is committed, licences that may not ship, and known vulnerabilities
	@$(BIN)/python -m tests.scan

lock: setup ## Renew uv.lock and the list of Kafka's jars
	.cache/uv-venv/bin/uv lock --upgrade
	cd deploy/local/kafka && ../../../$(BIN)/jgo --ignore-config --class-path-only sync --force
	mv deploy/local/kafka/.jgo/jgo.lock.toml deploy/local/kafka/ && rm -r deploy/local/kafka/.jgo

clean: ## Remove what was installed, downloaded and built; data of `make up` stays
	rm -rf .cache .venv dist site .hypothesis .import_linter_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
