# make run: start Callsheet here. make test: run every test. Both set up first, and again only what changed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-annotate --no-header \
	--universal --python-version 3.11
NPM := $(PYTHON) -m setup npm

.PHONY: run setup test check fmt lock bench sandbox check-style check-types check-imports check-templates \
	check-migrations check-size check-pages

run:
	@$(PYTHON) -m setup run
	@exec $(BIN)/python manage.py serve --with-parent

setup:
	@$(PYTHON) -m setup test

test: setup
	$(BIN)/python -m tests.engines.everything

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

# After a change to the dependencies in pyproject.toml.
lock: setup
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) --group dev pyproject.toml -o requirements-dev.lock

bench: setup
	@for script in $$(grep -l __main__ tests/bench/*.py); do \
		$(BIN)/python -m tests.bench.$$(basename $$script .py) || exit 1; \
	done
