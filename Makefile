# Every target stands alone: it installs what it needs first, and is quick when nothing changed.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
HOST := 127.0.0.1
PORT ?= 8080
DATABASE ?= var/demo.db
WORKERS ?=
INTEROP ?= var/interop
NAMES ?= workstation ontime biot mobileconnect partstream sessions rest webapi soap servicestack
EXTRAS ?= test,docs,wsdl,fuzz
FUZZ_SECONDS ?= 600
ROUNDS ?= 100
SOAK_MINUTES ?= 30
PEERS ?= var/peers
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help check conformance serve test lint types docs mapping examples wsdl dist bench bench-query bench-growth bench-ledger faults soak peers clean test-python interop fuzz environment check-code

help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  variables: PORT=$(PORT) DATABASE=$(DATABASE) WORKERS=(one per core, at most 4) PYTHON=$(PYTHON)"

check: ## name what is missing on this machine
	@for tool in git curl $(PYTHON); do command -v $$tool >/dev/null || { \
	  echo "$$tool is missing: apt install git make curl python3-venv"; exit 1; }; done
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo "$(PYTHON) is $$($(PYTHON) --version); Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments: apt install python3-venv"; exit 1; }

# A stamp is written last, so that an interrupted installation is taken up again.
$(VENV)/bin/pip:
	@$(MAKE) --no-print-directory check
	@echo "making $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)

$(VENV)/.installed: setup.cfg pyproject.toml constraints.txt | $(VENV)/bin/pip
	@echo "installing the gateway into $(VENV)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.installed-test: setup.cfg pyproject.toml constraints.txt | $(VENV)/bin/pip
	@echo "installing the gateway and its tests' needs into $(VENV)"
	@$(PIP) --editable '.[$(EXTRAS)]'
	@touch $@ $(VENV)/.installed

serve: $(VENV)/.installed ## serve the demo on http://127.0.0.1:8080 with an SQLite file (PORT=, DATABASE=)
	@mkdir -p $(dir $(DATABASE))
	@exec $(BIN)/session-gateway serve --demo --bind $(HOST):$(PORT) --database $(DATABASE) $(if $(WORKERS),--workers $(WORKERS))

environment: $(VENV)/.installed-test ## install the gateway and what its tests need (EXTRAS=test,docs,wsdl,fuzz)

check-code: $(VENV)/.installed-test ## run ruff and mypy, and change nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

test: check-code ## run ruff, mypy and every test
	@$(BIN)/python -m pytest $(PYTEST)

test-python: $(VENV)/.installed-test ## run the tests that need no external server and depend on the version (for another Python: VENV= PYTHON=)
	@$(BIN)/python -m pytest -m "not external and not once" $(PYTEST)

conformance: $(VENV)/.installed-test ## check every built-in API and protocol, cut off at every byte (minutes; NAMES=)
	@$(BIN)/python -m pytest -q -p no:cacheprovider $(NAMES:%=--conformance %) $(PYTEST)

interop: check ## install the clients of others that the tests then run (PyPI, npm; as root Debian's mono and node)
	@PYTHON=$(PYTHON) tests/interop/install.sh $(INTEROP)

lint: $(VENV)/.installed-test ## check and format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(VENV)/.installed-test ## check the types
	@$(BIN)/mypy

docs: $(VENV)/.installed-test ## build the documentation into docs/_build; a warning is an error
	@$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

mapping: $(VENV)/.installed-test ## write docs/mapping-table.rst anew: what becomes of each member of each API
	@$(BIN)/python -m docs.mapping >docs/mapping-table.rst.new
	@mv docs/mapping-table.rst.new docs/mapping-table.rst

examples: check ## install the gateway and the example plug-ins into a fresh environment, run their tests and their conformance
	@$(PYTHON) -m venv --clear $(VENV)-examples
	@$(VENV)-examples/bin/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt 'setuptools>=77' pytest
	@rm -rf build
	@$(VENV)-examples/bin/python -m pip --disable-pip-version-check --quiet install --no-build-isolation \
	  --constraint constraints.txt . ./examples/kiosk-checkout ./examples/jsonrpc
	@rm -rf build examples/*/build examples/*/*.egg-info
	@cd examples/kiosk-checkout && ../../$(VENV)-examples/bin/python -m pytest -q && \
	  ../../$(VENV)-examples/bin/python -m pytest -q --conformance kiosk
	@cd examples/jsonrpc && ../../$(VENV)-examples/bin/python -m pytest -q && \
	  ../../$(VENV)-examples/bin/python -m pytest -q --conformance jsonrpc
	@rm -rf $(VENV)-examples/new
	@$(VENV)-examples/bin/session-gateway new api new-one --from tests/data/scaffold/customer.wsdl --into $(VENV)-examples/new
	@$(VENV)-examples/bin/python -m pip --disable-pip-version-check --quiet install --no-build-isolation --no-deps $(VENV)-examples/new
	@cd $(VENV)-examples/new && ../bin/python -m pytest -q

wsdl: $(VENV)/.installed-test ## write the published WSDL files anew
	@$(BIN)/python -m wsdl

dist: $(VENV)/.installed-test ## build a wheel and a source archive into dist/
	@$(PIP) build
	@rm -rf dist build
	@$(BIN)/python -m build --outdir dist . >build.log 2>&1 || { cat build.log; exit 1; }
	@rm -f build.log
	@ls dist

peers: check ## install the servers that `make bench` compares with the gateway (PyPI, npm; PostgreSQL: apt install postgresql)
	@PYTHON=$(PYTHON) sh benchmarks/peers/install.sh $(PEERS)

bench: $(VENV)/.installed-test ## measure each API's main request, and what others would write (needs wrk; see make peers)
	@$(BIN)/python -m benchmarks $(BENCH)

bench-query: $(VENV)/.installed-test ## measure pages of a session log of a million sessions, and check every answer
	@$(BIN)/python -m benchmarks.query $(BENCH)

faults: $(VENV)/.installed-test ## let every write fail, kill servers ROUNDS=100 times (half an hour; needs gcc, root)
	@FAULTS=long ROUNDS=$(ROUNDS) $(BIN)/python -m pytest tests/faults $(PYTEST)

soak: $(VENV)/.installed-test ## mixed load of all APIs for SOAK_MINUTES=30, with checks; writes docs/soak-report.rst
	@$(BIN)/python -m benchmarks.soak --minutes $(SOAK_MINUTES) $(SOAK)

fuzz: $(VENV)/.installed-test ## fuzz each codec and the pipeline in turn (FUZZ_SECONDS=600 each), write docs/fuzz-report.rst
	@$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

bench-growth: $(VENV)/.installed-test ## compare SQLite and PostgreSQL with ten million events with empty ones (45 GB of disk; writes docs/growth-report.rst)
	@$(BIN)/python -m benchmarks.growth --report docs/growth-report.rst $(BENCH)

bench-ledger: $(VENV)/.installed-test ## measure what a write costs in the store, without HTTP
	@$(BIN)/python -m benchmarks.ledger $(BENCH)

clean: ## remove what make made, but never a database
	@rm -rf $(VENV) $(INTEROP)/venv $(INTEROP)/node_modules $(PEERS) build dist docs/_build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
