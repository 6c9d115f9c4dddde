# Every target sets up what it needs: a virtual environment from hash-locked requirements, no system package.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo test serve check format bench attacks fuzz verdicts interop lock clean
.DELETE_ON_ERROR:
# Whoever sets this waits for every module to be compiled anew at each start of each command.
unexport PYTHONDONTWRITEBYTECODE

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; name it with: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python cannot make a virtual environment here; on Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/service.done: $(BIN)/python requirements/service.txt pyproject.toml
	@echo "Installing the service (once) …"
	@$(PIP) install --require-hashes --only-binary :all: -r requirements/service.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.done: $(VENV)/service.done requirements/dev.txt
	@echo "Installing the test tools (once) …"
	@# The list is complete; overrides.in says why one release in it is not the one that everybody asked for.
	@$(PIP) install --require-hashes --no-deps --only-binary :all: -r requirements/dev.txt
	@touch $@

demo: $(VENV)/service.done ## request, pay, seal, deliver and verify one document of every kind
	@$(BIN)/wathiqa demo --directory demo

serve: $(VENV)/service.done ## the service on loopback with the demo data
	@test -f demo/summary.json || $(BIN)/wathiqa demo --directory demo
	@$(BIN)/wathiqa serve --directory demo

test: $(VENV)/dev.done ## the tests
	@$(BIN)/python -m pytest -n auto -m "not interop"

check: $(VENV)/dev.done ## format, lint, strict types, import contracts, tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest -n auto -m "not interop"

format: $(VENV)/dev.done ## format and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/service.done ## cost of one document stage by stage, documents and verifications per second
	@$(BIN)/python -m benchmarks

attacks: $(VENV)/dev.done ## every attack that we know on our own documents, and the table of them in docs/attacks.md
	@$(BIN)/python tests/attacks/attack_table.py

verdicts: $(VENV)/dev.done ## every verdict, reason and rule that a verifier can give, in docs/verdicts.md
	@$(BIN)/python tests/unit/sealing/verdict_tables.py

$(VENV)/fuzz.done: $(VENV)/dev.done requirements/fuzz.txt
	@$(PIP) install --require-hashes --only-binary :all: -r requirements/fuzz.txt || echo "atheris does not install here: inputs are changed at random instead"
	@touch $@

fuzz: $(VENV)/fuzz.done ## every parser that a stranger's octets reach, some seconds each; SECONDS=600 for more
	@$(BIN)/python tests/attacks/fuzz.py $(or $(SECONDS),20)

interop: $(VENV)/dev.done ## other makers' tools judge our output; says which it could not find
	@$(BIN)/python -m pytest -m interop

lock: $(VENV)/dev.done ## pin every requirement anew, with hashes
	@command -v uv >/dev/null || { echo "uv is needed to lock"; exit 1; }
	@uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --upgrade --python-version 3.11 pyproject.toml --extra service -o requirements/service.txt
	@uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --upgrade --python-version 3.11 pyproject.toml -c requirements/service.txt -o requirements/verify.txt
	@uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --upgrade --python-version 3.11 pyproject.toml --extra service --extra postgresql --extra pkcs11 --extra kms --extra dev -c requirements/service.txt --override requirements/overrides.in -o requirements/dev.txt

clean: ## remove what was made
	@rm -rf $(VENV) demo build *.egg-info
