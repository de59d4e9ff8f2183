# The commands of this project. `make` alone lists them.

PORT ?= 8000
EMULATOR_PORT ?= 4566
STAGE ?= prod
# The first Python found of a supported version.
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,$(shell $(p) -c 'import sys; (3, 11) <= sys.version_info < (3, 15) and print("$(p)")' 2>/dev/null)) python3)

VENV := .venv
INSTALLED := $(VENV)/.installed
NODE_INSTALLED := node_modules/.installed
# Tools whose libraries would collide with those of .venv, each in an environment of its own.
CHECKOV_INSTALLED := build/checkov/.installed
SUPPLY_INSTALLED := build/supply/.installed

# Tracing for coverage doubles the CPU of the import's and the browser's tests, so these run without it.
COVERED := tests/unit tests/integration/api tests/integration/access tests/integration/members tests/integration/dynamodb
# Schemathesis gives its tests one name, so xdist would run only one of them.
ALONE := tests/integration/api/test_openapi.py
# What takes minutes and other tools than Python and Node.
CLIENTS := tests/clients
# No plugin of schemathesis: each process would import it.
FILES := --dist loadfile --no-loadscope-reorder -p no:schemathesis
PARALLEL := -n auto --maxprocesses 4 $(FILES) --ignore $(ALONE) --ignore $(CLIENTS)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install graph local test test-unit test-clients test-dynamodb-local bench bench-peers check lock sbom screenshots deploy adopt restore-drill preflight

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 28

install: $(INSTALLED) ## install the libraries into .venv, once; every other command does so too

local: preflight $(INSTALLED) ## run Rollcall on this machine: the API on PORT=8000, the AWS emulator on EMULATOR_PORT=4566
	@exec $(VENV)/bin/python -m infra.local

test: check ## run all checks and tests
	@$(VENV)/bin/python -m infra.browser
	@$(VENV)/bin/python -m pytest --cov --cov-report= $(PARALLEL) $(COVERED)
	@$(VENV)/bin/python -m pytest $(PARALLEL) tests $(addprefix --ignore ,$(COVERED))
	@$(VENV)/bin/python -m pytest $(ALONE)
	@echo "Branch coverage by $(COVERED): the ten files with the least, and the total."
	@$(VENV)/bin/python -m coverage report | sed -n '1,12p; /^TOTAL/p'

test-unit: $(INSTALLED) ## the tests that need no emulator and no browser: seconds
	@exec $(VENV)/bin/python -m pytest -n logical --maxprocesses 4 $(FILES) tests/unit

test-clients: $(INSTALLED) ## clients of the API in Python, TypeScript and Java, made by three generators (Java 17, Maven)
	@exec $(VENV)/bin/python -m pytest $(CLIENTS)

test-dynamodb-local: $(INSTALLED) ## run the tests of members, access, imports and exports on AWS's DynamoDB Local (Java 17, Maven)
	@exec $(VENV)/bin/python -m infra.dynamodb_local

check: $(INSTALLED) $(NODE_INSTALLED) $(CHECKOV_INSTALLED) ## lint, format, types, import contract, the OpenAPI document, the template in all its forms; needs Node 20
	@exec $(VENV)/bin/python -m tools.checks

bench: $(INSTALLED) ## run the benchmarks; ROWS=… sets their sizes
	@exec $(VENV)/bin/python -m bench

bench-peers: $(INSTALLED) ## Rollcall beside bare boto3, FastAPI, Powertools and Django, in minutes; PARTS="single cold load"
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	@exec $(VENV)/bin/python -m bench.peers $(PARTS)

lock: $(INSTALLED) $(SUPPLY_INSTALLED) ## the hashes of what Lambda runs, in requirements-lambda.txt
	@exec $(VENV)/bin/python -m tools.supply lock

sbom: $(INSTALLED) $(SUPPLY_INSTALLED) ## a bill of materials of what Lambda runs, in build/sbom.json, and docs/licences.md
	@exec $(VENV)/bin/python -m tools.supply sbom

screenshots: $(INSTALLED) ## the README's pictures of the admin page
	@exec $(VENV)/bin/python -m tools.screenshots

graph: $(INSTALLED) ## the drawing of the packages in docs/packages.svg
	@$(VENV)/bin/python -m tools.import_graph > docs/packages.svg

deploy: $(INSTALLED) ## one CloudFormation stack: STAGE=prod on AWS, STAGE=local on the emulator; PARAMETERS="PhoneRegion=GB …"
	@exec $(VENV)/bin/python -m infra.deploy $(STAGE) $(PARAMETERS)

adopt: $(INSTALLED) ## a restored TABLE=…, and the bucket, under a new stack of STAGE=prod on AWS: docs/restore.md
	@exec $(VENV)/bin/python -m infra.adopt $(STAGE) $(TABLE) $(PARAMETERS)

restore-drill: $(INSTALLED) ## restore STAGE=prod (or local) under a new stack, check it, and delete that again
	@exec $(VENV)/bin/python -m infra.drill $(STAGE) $(OPTIONS)

preflight:
	@$(PYTHON) infra/preflight.py $(EMULATOR_PORT) $(PORT)

$(INSTALLED): requirements.txt requirements-dev.txt
	@$(PYTHON) infra/preflight.py
	@echo "installing into $(VENV) (once, a minute or two)"
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(NODE_INSTALLED): package.json package-lock.json .npmrc
	@command -v npm >/dev/null || { echo "make check needs Node 20 or later, with npm: it checks the OpenAPI document and the admin page's JavaScript"; exit 1; }
	@echo "installing the JavaScript checks into node_modules (once)"
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

build/%/.installed: requirements-%.txt $(INSTALLED)
	@echo "installing the libraries of $< into build/$* (once)"
	@$(VENV)/bin/python -m venv --clear build/$*
	@build/$*/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@
