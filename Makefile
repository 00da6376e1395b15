# Commands of the project; `make help` lists them. Needs only Python (3.11 or newer), make and git.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; \
	done)
HOST ?= $(or $(YUNYING_HOST),127.0.0.1)
PORT ?= $(or $(YUNYING_PORT),8642)
SMALL ?=
ARGS ?=
WORKERS ?= 2
EXAMPLES ?= 2000
RUNS ?= 1000000
bin := .venv/bin
export YUNYING_HOST := $(HOST)
export YUNYING_PORT := $(PORT)

.DEFAULT_GOAL := help
.PHONY: help demo dev test nightly fuzz check bench setup setup-dev lock messages clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: export YUNYING_DATA_DIR ?= $(CURDIR)/yunying-data/demo
demo: setup ## load real data and serve it (PORT=8642, SMALL=1 for the ten-second version)
	@$(bin)/python tools/fetch_demo.py $(if $(SMALL),--small)
	@$(bin)/yunying demo $(if $(SMALL),--small) --port $(PORT) $(ARGS)

dev: setup-dev ## serve your own data with tracebacks in the pages (PORT=8642)
	@YUNYING_DEBUG=1 $(bin)/yunying serve --port $(PORT) $(ARGS)

test: setup-dev ## run the whole suite (ARGS="tests/engine -x" for a part, WORKERS=2)
	@$(bin)/python tools/run_tests.py --workers $(WORKERS) $(ARGS)

nightly: export NIGHTLY_EXAMPLES := $(EXAMPLES)
nightly: setup-dev ## the engine against its judges on thousands of worlds each (about an hour; EXAMPLES=2000)
	@$(bin)/pytest -m nightly -n $(WORKERS) $(ARGS)

fuzz: setup-dev ## hostile input for the collector's decoders and protocols (RUNS=1000000, ARGS="--protocol posthog")
	@$(bin)/python -m tools.fuzz --runs $(RUNS) $(ARGS)

check: setup-dev ## style, types, layers, migrations, messages, documentation
	@$(bin)/python tools/check.py

bench: setup-dev ## measure collector, import, flusher and reports on this machine
	@$(bin)/python -m tools.bench $(ARGS)

setup: python ## make ready what running needs
	@$(PYTHON) tools/setup.py

setup-dev: python
	@$(PYTHON) tools/setup.py --dev

.PHONY: python
python:
	@test -n "$(PYTHON)" || { echo "Yunying needs Python 3.11 or newer. Install it (Debian, Ubuntu: apt install python3 python3-venv), or name yours: make demo PYTHON=/path/to/python3.12" >&2; exit 1; }

lock: setup-dev ## write requirements/*.txt anew from pyproject.toml
	@$(bin)/python tools/lock.py

messages: setup-dev ## collect visible texts into the catalogues
	@$(bin)/python tools/messages.py update

clean: ## remove what was made here, but not your data
	rm -rf .venv build dist node_modules tests/collect/sdks/node_modules src/yunying/platform/ui/static/vendor .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
	find src -name '*.mo' -delete
