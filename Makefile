# make run: start Callsheet here. make test: run every test. Both set up first, and again only what changed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
NPM := $(PYTHON) -m setup npm

.PHONY: run setup test check fmt bench sandbox check-style check-types check-imports check-templates \
	check-migrations check-size check-pages

run:
	@$(PYTHON) -m setup run
	@exec $(BIN)/python manage.py serve --with-parent

setup:
	@$(PYTHON) -m setup test

test: setup
	$(BIN)/pytest
	$(BIN)/python -m tests.engines $(BIN)/pytest -m database
	$(NPM) test

check: check-style check-types check-imports check-templates check-migrations check-size check-pages

check-style: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-types: setup
	$(BIN)/mypy

check-imports: setup
	$(BIN)/lint-imports --no-logo

check-templates: setup
	$(BIN)/djlint --lint --quiet templates

check-migrations: setup
	$(BIN)/python manage.py makemigrations --check --dry-run

check-size:
	$(PYTHON) -m setup.gates

check-pages: setup
	$(NPM) run check

fmt: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(NPM) run fmt

sandbox:
	@$(PYTHON) -m setup run
	@$(BIN)/python manage.py sandbox_image default

bench: setup
	@for script in $$(grep -l __main__ tests/bench/*.py); do \
		$(BIN)/python -m tests.bench.$$(basename $$script .py) || exit 1; \
	done
