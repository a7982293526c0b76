# make run: start Callsheet here. make test: run every test. Both set up first, and again only what changed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
NPM := $(PYTHON) -m setup npm

.PHONY: run test check setup fmt bench

run:
	@$(PYTHON) -m setup run
	@exec $(BIN)/python manage.py serve --with-parent

setup:
	@$(PYTHON) -m setup test

test: setup
	$(BIN)/pytest
	$(BIN)/python -m tests.engines $(BIN)/pytest -m database
	$(NPM) test

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(PYTHON) -m setup.gates
	$(NPM) run check

fmt: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(NPM) run fmt

bench: setup
	@for script in tests/bench/*.py; do $(BIN)/python -m tests.bench.$$(basename $$script .py) || exit 1; done
