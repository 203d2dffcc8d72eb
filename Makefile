# SPDX-License-Identifier: Apache-2.0
# Everyday work on Microlith. `make help` lists the targets.

VENV ?= .venv
BIN := $(VENV)/bin
MODEL := examples/digits/digits_int8.tflite
C_FILES = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h')

.DEFAULT_GOAL := help
.PHONY: help demo test lint format size size-diff stack bench bench-memory bench-diff bench-baseline docs

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | \
	    awk -F '\t' '{ printf "  make %-20s %s\n", $$1 ($$1 == "size-diff" ? " REV=COMMIT" : ""), $$2 }'

demo: $(VENV)/.installed ## compile the digits model, run it, and draw what it recognises
	@scripts/setup.sh emulator || echo "demo: no emulator, so on this machine only" >&2
	@$(BIN)/python scripts/demo.py

test: dev lint ## everything that CI runs: tools, lint, tests
	@$(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(VENV)/.installed-dev ## ruff, mypy, clang-format; changes nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/clang-format --dry-run -Werror $(C_FILES)

format: $(VENV)/.installed-dev ## bring Python and C into their format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/clang-format -i $(C_FILES)

size: dev ## bytes a function on Cortex-M4, for digits, kws and vww
	@$(BIN)/python scripts/sizes.py

size-diff: dev ## the same, against a commit
	@$(if $(REV),,$(error name the commit to compare with: make size-diff REV=HEAD~1))
	@$(BIN)/python scripts/sizes.py --against $(REV)

stack: dev ## stack frames of the runtime's functions on Cortex-M4 and M55
	@$(BIN)/python scripts/stack.py

bench: dev ## instructions and estimated cycles of every op, also to build/bench.json
	@$(BIN)/python scripts/bench.py

bench-memory: dev ## RAM of the reference models, from their firmware, also to build/memory.json
	@$(BIN)/python scripts/bench_memory.py

bench-diff: dev ## instruction counts against the committed baseline
	@$(BIN)/python scripts/bench.py --diff

bench-baseline: dev ## write that baseline anew
	@$(BIN)/python scripts/bench.py --baseline

docs: $(VENV)/.installed-dev ## write docs/OPERATORS.md from the operators' declarations
	@$(BIN)/python scripts/operators.py

.PHONY: dev
dev: $(VENV)/.installed-dev
	@scripts/setup.sh toolchains

# The stamps are older than pyproject.toml when dependencies may have changed.
$(VENV)/.installed: pyproject.toml
	@scripts/setup.sh venv $(VENV) .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml
	@scripts/setup.sh venv $(VENV) '.[dev]'
	@touch $(VENV)/.installed $@
