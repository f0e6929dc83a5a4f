# Needs only make and Python 3.11 or newer. Written for GNU make 3.81, which macOS still has.
#
#   make run ARGS="..."                        words for the program
#   make test PYTHON=python3.13 VENV=.venv-3.13    another Python beside the usual one

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
SOAK_MINUTES ?= 60
# How many workers auto is, tests/conftest.py says; worksteal, since some tests take seconds each.
PARALLEL ?= -n auto --dist worksteal

# A stamp each: whoever only runs the bot never waits for the test tools.
RUN := $(VENV)/ready-to-run
TEST := $(VENV)/ready-to-test
BENCH := $(VENV)/ready-to-bench

# Everything is one line of work, and the program gets the terminal: with `make -j` it could
# find its standard input closed.
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help run test check lint soak bench format clean always

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1@\2/p' Makefile | tr '@' '\t' | expand -t 17

# exec: Ctrl-C meets the program alone, with no shell between that would report it.
# make turns every failure of the program into its own exit status 2.
run: $(RUN) ## start Legs Up in this terminal
	@exec $(VENV)/bin/legs-up run $(ARGS)

test: $(TEST) lint ## everything that must hold before a change goes in
	@$(VENV)/bin/python -m pytest -q $(PARALLEL) $(ARGS)

check: $(TEST) lint ## the quick part of test, for while you write
	@$(VENV)/bin/python -m pytest -q $(PARALLEL) -m "not process and not soak" $(ARGS)

lint: $(TEST) ## style, types and the direction of imports
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/ruff format --check --quiet . || { echo "Not formatted: make format" >&2; exit 1; }
	@$(VENV)/bin/mypy --no-error-summary
	@$(VENV)/bin/lint-imports --no-logo

soak: $(TEST) ## the long tests, SOAK_MINUTES=60
	@SOAK_MINUTES=$(SOAK_MINUTES) $(VENV)/bin/python -m pytest -m soak $(ARGS)

bench: $(BENCH) ## what a reminder costs, beside others (ARGS=--quick: two minutes)
	@$(VENV)/bin/python -m bench $(ARGS)

format: $(TEST) ## write the code in the house format
	@$(VENV)/bin/ruff check --quiet --fix-only .
	@$(VENV)/bin/ruff format --quiet .

clean: ## remove what make made; your data and your .env stay
	@rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find bot adapters bench tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp holds the folder it was made in. When that was moved or copied, or the Python below it
# is gone, the environment is made anew.
HEALTHY := $(shell test "`cat '$(RUN)' 2>/dev/null`" = "`pwd -P`" && $(VENV)/bin/python -S -c '' 2>/dev/null && echo yes)
ifneq ($(HEALTHY),yes)
$(RUN): always
endif

# </dev/null: what is typed or piped belongs to the program.
PIP_INSTALL = $(VENV)/bin/python -m pip install -qq --no-input --disable-pip-version-check \
	-c constraints.txt

define NO_NETWORK
{ echo "The packages could not be installed (see above). Mostly that is the network:" >&2; \
  echo "the same command again goes on from here." >&2; exit 1; }
endef

$(RUN): pyproject.toml constraints.txt
	@echo "Setting up, about a minute, once..." >&2
	@found=; \
	for p in "$(PYTHON)" python3.13 python3.12 python3.11; do \
	  if "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	  then found=$$p; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Legs Up needs Python 3.11 or newer, and none was found here." >&2; \
	  echo "  Debian, Ubuntu:  sudo apt install python3 python3-venv" >&2; \
	  echo "  Fedora:          sudo dnf install python3" >&2; \
	  echo "  macOS:           brew install python" >&2; \
	  echo "  elsewhere:       https://www.python.org/downloads/" >&2; \
	  echo "One with another name or place:  make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi; \
	if [ "$(HEALTHY)" != yes ] || ! $(VENV)/bin/python -m pip --version >/dev/null 2>&1; then \
	  "$$found" -m venv --clear $(VENV) >/dev/null 2>&1 </dev/null || { \
	    rm -rf $(VENV); \
	    echo "This Python comes without the part that makes environments (venv, ensurepip)." >&2; \
	    echo "  Debian, Ubuntu:  sudo apt install python3-venv" >&2; \
	    echo "Then the same command again." >&2; \
	    exit 1; }; \
	fi
	@$(PIP_INSTALL) -e . </dev/null || $(NO_NETWORK)
	@pwd -P >$(RUN)

$(TEST): $(RUN)
	@echo "Adding the test tools, once..." >&2
	@$(PIP_INSTALL) -e '.[dev]' </dev/null || $(NO_NETWORK)
	@touch $(TEST)

$(BENCH): $(TEST)
	@echo "Adding what others would use, once..." >&2
	@$(PIP_INSTALL) -e '.[bench]' </dev/null || $(NO_NETWORK)
	@touch $(BENCH)
