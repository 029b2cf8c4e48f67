# `make` alone lists the targets. Needs make and Python 3.11 or newer, nothing else installed:
# everything goes into .venv, at the versions of constraints.txt.
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed
LINT_STAMP := $(VENV)/.lint-installed
DOCS_STAMP := $(VENV)/.docs-installed
LM_STAMP := $(VENV)/.lm-installed
RESULT := results/validation.json
PAGE := results/report.html
# What the report tests: --all, or names of families or the beginnings of claims' names.
FAMILIES := --all
# The relative discrepancy that every test must be able to see: half of it takes four times the runs.
RESOLVE := 0.02
ARGS :=
# The files of lm whose examples run without the extra of that name.
LIGHT := $(addprefix lm/,batches.py config.py corpus.py losscurve.py mitigation/choice.py \
	mitigation/curate.py mitigation/rouge.py mitigation/verify.py ngram reading.py \
	stdlib.py textstats.py __main__.py recipe_commandline.py)
# Modules are compiled when they are first imported: most never are.
INSTALL := $(RUN) -m pip install --quiet --no-compile -c constraints.txt
# The interpreters tried, in this order, unless PYTHON names one.
PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)

# A virtual environment or path of the caller must not leak into ours.
unexport PYTHONPATH PYTHONHOME PYTHONSAFEPATH VIRTUAL_ENV MYPYPATH PIP_USER PIP_TARGET PIP_PREFIX
# Tests and the report are parallel already: one thread for each linear-algebra call.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# True for an interpreter that runs, is new enough and can make virtual environments with pip.
USABLE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
# True for the Python of a .venv that was not left half-made.
WORKS := import pip, sys; sys.exit(sys.version_info < (3, 11))
IDENTITY := import sys; print(sys.base_prefix, sys.version_info[:2])

# A PYTHON other than the one in .venv rebuilds it.
ifneq ($(PYTHON),)
WANTED := $(shell "$(PYTHON)" -c '$(IDENTITY)' 2>/dev/null || echo unusable)
ifneq ($(WANTED),$(shell $(RUN) -c '$(IDENTITY)' 2>/dev/null))
$(STAMP): FORCE
endif
endif

.PHONY: help report test test-lm lint docs bench clean FORCE

help: ## list the targets
	@echo 'usage: make TARGET [PYTHON=python3.12] [ARGS="more arguments for pytest"]'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{printf "%-10s %s\n", $$1, $$2}'

# Small runs of language models for the report; LM= leaves them and their packages out.
LM := 1
RUNS := results/report-lm
SMALL := stdlib-finetune stdlib-pretrain ngram

# The old results go first: a run that dies leaves none. make's own status is 2 for any failure;
# validation's (1 disagrees, 3 underpowered) is in make's last line. A small run goes on from an
# earlier report; one of other code is made anew.
report: $(if $(LM),$(LM_STAMP),$(STAMP)) ## compare theory with Monte Carlo: a table here, results/report.html, validation.json
	@mkdir -p $(RUNS) && rm -f $(RESULT) $(PAGE)
	@for name in $(if $(LM),$(SMALL)); do \
		echo "language models: $$name, its small form"; \
		set -- $(RUN) -m lm run $$name --quick --cpu --folder $(RUNS)/$$name; \
		"$$@" >/dev/null 2>&1 || { rm -rf $(RUNS)/$$name; "$$@" >/dev/null; } || exit $$?; \
	done
	@$(RUN) -m validation $(FAMILIES) --resolve $(RESOLVE) --output $(RESULT) --report $(PAGE) \
		--language-models $(RUNS); status=$$?; \
	for made in $(RESULT) $(PAGE); do \
		if [ -f $$made ]; then echo "result: $(CURDIR)/$$made"; fi; \
	done; \
	exit $$status

# The kernels are compiled first, a family a process: every worker would compile them by itself.
# A file's tests stay together, so that what its fixtures made is not made twice.
test: $(STAMP) ## run the tests and the examples in the docstrings
	@echo "compiling the kernels that are not compiled yet (a minute at first)"; \
		$(RUN) -m tests.montecarlo.small_runs gaussian 2>/dev/null & \
		$(RUN) -m tests.montecarlo.small_runs regression 2>/dev/null & \
		(for family in kde categorical verification; do \
			$(RUN) -m tests.montecarlo.small_runs $$family; done) 2>/dev/null; wait
	$(RUN) -m pytest -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder \
		--doctest-modules --doctest-glob='*.md' \
		tests theory montecarlo validation paper_figures loopbound.py docs/tutorial.md \
		docs/planning.md $(LIGHT) $(ARGS)

# A worker takes what is left: one file has most of the time.
test-lm: $(LM_STAMP) ## install torch and what else language models take, and run all of their tests
	$(RUN) -m pytest -n auto --maxprocesses 8 --dist worksteal --doctest-modules tests/lm lm $(ARGS)

lint: $(LINT_STAMP) ## check style, format and types
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

docs: $(DOCS_STAMP) ## make the pages of docs/ in docs/_build, every theorem proved again
	$(RUN) -m sphinx -W --keep-going -q docs docs/_build
	@echo 'result: $(CURDIR)/docs/_build/index.html'

bench: $(STAMP) ## time the engines against their NumPy twins
	$(RUN) -m pytest --benchmark-enable benchmarks $(ARGS)

clean: ## remove .venv, caches and builds (results/ stays)
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks docs/_build docs/theorems
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is written last, so an install that stopped half-way is done again. A .venv that works
# is kept, so that what was added to it by hand (torch) survives a change of the pins.
# setuptools comes first and builds without isolation: the build, too, uses the pinned version.
$(STAMP): setup.cfg constraints.txt
	@rm -f $@
	@if [ -z "$(PYTHON)" ] && $(RUN) -c '$(WORKS)' 2>/dev/null; then exit 0; fi; \
	found=; for python in $(PYTHONS); do \
		if "$$python" -c '$(USABLE)' >/dev/null 2>&1; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo 'error: no Python >= 3.11 with venv that runs; tried: $(PYTHONS)' >&2; exit 1; \
	fi; \
	if [ "$$($(RUN) -c '$(IDENTITY)' 2>/dev/null)" = "$$("$$found" -c '$(IDENTITY)')" ] \
		&& $(RUN) -c '$(WORKS)' 2>/dev/null; then exit 0; fi; \
	echo "creating $(VENV) with $$("$$found" --version) ($$found)"; \
	"$$found" -m venv --clear $(VENV)
	@echo 'installing the pinned packages into $(VENV) (a minute or so the first time)'
	@$(INSTALL) setuptools
	@$(INSTALL) --no-build-isolation -e ".[test]"
	@touch $@

$(LINT_STAMP): $(STAMP)
	@echo 'installing the linters'
	@$(INSTALL) --no-build-isolation -e ".[lint]"
	@touch $@

# torch first, pinned: what accepts any torch would else fetch the newest.
$(LM_STAMP): $(STAMP)
	@echo 'installing torch and what else language models take (some minutes the first time)'
	@$(INSTALL) torch
	@$(INSTALL) --no-build-isolation -e ".[test,lm]"
	@touch $@

$(DOCS_STAMP): $(STAMP)
	@echo 'installing what makes the pages'
	@$(INSTALL) --no-build-isolation -e ".[docs]"
	@touch $@
