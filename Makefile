# Koppel. `make` lists what can be done here; `make up` is where to start.
# ARGS is passed on: make up ARGS="--port 9000", make test ARGS="tests/mapping -k money".

VENV := .venv
PY := $(VENV)/bin/python
PROJECTS := pyproject.toml $(wildcard plugins/*/pyproject.toml)
PLUGINS := $(wildcard plugins/*/koppel_*)
ARGS :=

.DEFAULT_GOAL := help
.PHONY: help up demo test lint docs lock clean

help: ## List what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Only when what is to be installed has changed: otherwise the hub starts at once.
$(VENV)/installed: requirements.lock $(PROJECTS) tools/install.sh
	@PYTHON="$(PYTHON)" tools/install.sh

up: $(VENV)/installed ## Start the hub: web, workers, scheduler, Redis; Ctrl-C stops it
	@KOPPEL_STOP_WITH_PARENT=1 exec $(VENV)/bin/koppel up $(ARGS)

demo: $(VENV)/installed ## The same with pretend systems and ready-made flows, in a throwaway home
	@KOPPEL_STOP_WITH_PARENT=1 exec $(VENV)/bin/koppel up --demo $(ARGS)

test: $(VENV)/installed ## Run the whole test suite; it starts its own servers
	@$(PY) -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

lint: $(VENV)/installed ## Check style, format and types
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy hub $(PLUGINS)

docs: $(VENV)/installed ## Write the generated parts of the documentation anew
	@$(PY) tools/docs.py

lock: ## Pin the newest versions that pyproject.toml allows (needs uv)
	uv lock --upgrade
	uv export --quiet --frozen --all-packages --all-groups --all-extras --no-emit-workspace \
		--no-header --no-annotate --output-file requirements.lock > /dev/null

clean: ## Remove the virtual environment and what tests and builds leave behind; never koppel-data
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
