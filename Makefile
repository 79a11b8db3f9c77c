# Everything works in a bare clone: each target first makes what it needs. Only make and a Python from 3.10 to 3.13 must be there.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# pip takes exactly the versions of constraints.txt, and leaves notes about its own age out.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test soak lint format bench bench-kafka coverage settings-page constraints clean
# Targets share one environment: two pips in it at once would be in each other's way.
.NOTPARALLEL:

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.runtime  ## Score a small log and show its metrics
	@rm -rf demo
	@mkdir demo
	$(BIN)/evalstream score examples/addition.eval --output-file demo/addition.eval

test: $(VENV)/.dev $(BIN)/promtool  ## Run every test and doctest, with line and branch coverage
	$(BIN)/python -m pytest -n auto --cov --cov-report=term-missing

soak: $(VENV)/.dev  ## Run the tests that take long, or do not hold yet every time
	$(BIN)/python -m pytest -m soak

lint: $(VENV)/.dev  ## Check style, formatting, types and the Dockerfile
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy bench deploy/probe.py
	$(BIN)/hadolint deploy/Dockerfile

format: $(VENV)/.dev  ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev  ## Measure against `inspect score` and a plain loop, and judges; rewrites docs/benchmarks.md (16 minutes)
	$(BIN)/python bench/run.py
	$(BIN)/python bench/judges.py

bench-kafka: $(VENV)/.dev  ## Measure on a real Kafka; rewrites docs/benchmarks-kafka.md (10 minutes, 8 GB of disk)
	$(BIN)/python bench/kafka_run.py

coverage: test  ## Write the coverage as pages to htmlcov/
	$(BIN)/coverage html

settings-page: $(VENV)/.runtime  ## Write the tables of docs/settings.md from the settings' model
	$(BIN)/python -m evalstream.streams.settings.page docs/settings.md

constraints:  ## Pin every dependency anew, for all Pythons at once, in constraints.txt
	$(PYTHON) -m venv build/uv
	build/uv/bin/python -m pip install --quiet --disable-pip-version-check uv
	build/uv/bin/uv pip compile pyproject.toml --all-extras --universal --python-version 3.10 --upgrade --system-certs \
		--no-emit-index-url --no-annotate --no-header --quiet --output-file constraints.txt

clean:  ## Remove all that make has made, the environment and the benchmark's logs too
	rm -rf $(VENV) build dist demo htmlcov bench-data .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
	find bench evalstream scorers streams tests -type d -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 14))' \
		|| { echo "$(PYTHON) is not a Python from 3.10 to 3.13: name one, as in make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Stamps: an environment is installed again when what it is made from has changed.
$(VENV)/.runtime: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable .
	@touch $@

# Tests and lint share one set of packages, so that mypy sees the same whatever was made before.
$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable '.[test,lint]'
	@touch $@ $(VENV)/.runtime

# Prometheus and its promtool, out of Debian's package without installing that: the installed one would start a service.
# What is on the path is taken as it is.
$(BIN)/promtool: | $(BIN)/python
	@.ci/prometheus $(abspath $(BIN))
