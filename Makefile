# All commands of the project; `make help` lists them. Needs Python 3.10 or newer, a C compiler and cargo.
# Everything is installed into .venv; the Rust code is compiled once, by one cargo profile, for all targets but
# `bench` and `wheel`.
.POSIX:
.SUFFIXES:

PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
EXTRAS = openai,local,math,pandas
MODEL = qwen2.5-coder-0.5b-instruct
EMBEDDING_MODEL = all-minilm-l6-v2
LARGE_MODEL = qwen2.5-coder-1.5b-instruct
PYTEST = $(BIN)/python -m pytest
MATURIN = VIRTUAL_ENV="$$PWD/$(VENV)" $(BIN)/maturin
# What `test-soak` spends: seconds per fuzz target, and how many times the usual number of property test cases.
FUZZ_SECONDS = 240
EFFORT = 20
# The crates with Rust tests: the binding crate is tested from Python, and leaving it out keeps one build of PyO3.
CARGO_TEST = cargo test --quiet --workspace --exclude dfrs-python

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

venv: build ## Create .venv with the package and all tools (done again only when something changed)

$(VENV)/tools.stamp: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --group dev
	touch $@

# Compiles for development unless nothing changed since.
build: $(VENV)/tools.stamp
	@if [ -f $(VENV)/build.stamp ] && [ -z "$$(find pyproject.toml Cargo.toml Cargo.lock crates -type f -newer $(VENV)/build.stamp)" ]; \
	then exit 0; fi; \
	set -x; $(MATURIN) develop --locked --extras $(EXTRAS) && touch $(VENV)/build.stamp

models: build ## Fetch the small local models into the user's cache, once
	$(BIN)/dataflow-rs models pull $(MODEL)
	$(BIN)/dataflow-rs models pull $(EMBEDDING_MODEL)

run: build ## Run the main job on the sample data: filter, deduplicate, generate, evaluate, export
	$(BIN)/dataflow-rs models pull $(MODEL)
	$(BIN)/dataflow-rs run pipelines/text.py

test: build ## Run all tests but the long ones: Rust, then Python (within 45 minutes on 2 cores, build included)
	$(CARGO_TEST)
	@$(BIN)/dataflow-rs models pull $(MODEL) && $(BIN)/dataflow-rs models pull $(EMBEDDING_MODEL) || { \
	echo "*************************************************************************************"; \
	echo "** A SMALL LOCAL MODEL IS NOT AVAILABLE: the tests that need it will be SKIPPED.   **"; \
	echo "*************************************************************************************"; } >&2
	$(PYTEST)

test-soak: build ## Run the long fuzz, property, kill and fault suites (about an hour on 2 cores)
	sh tools/fuzz.sh $(FUZZ_SECONDS)
	DATAFLOW_RS_TEST_EFFORT=$(EFFORT) $(CARGO_TEST)
	DATAFLOW_RS_TEST_EFFORT=$(EFFORT) $(PYTEST) tests/property --timeout 3600
	$(PYTEST) -m soak --timeout 3600

test-models: build ## Run the tests that need the larger local model (1.1 GB)
	$(BIN)/dataflow-rs models pull $(LARGE_MODEL)
	$(PYTEST) -m large_model --timeout 3600

test-vllm: build ## Run the tests against a real vLLM, in an environment of its own (2.5 to 6 GB)
	sh tools/vllm_environment.sh .venvs/vllm
	$(PYTEST) -m vllm --timeout 3600

lint: build ## Run formatters, clippy, ruff, mypy, stubtest and the check of generated pages
	cargo fmt --all --check
	cargo clippy --quiet --locked --workspace --all-targets -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest dataflow_rs._native --mypy-config-file pyproject.toml
	$(BIN)/python tools/generate_docs.py --check

check: lint test ## Run everything that must hold before a commit: lint, then test

docs: build ## Write the generated pages: the operator reference
	$(BIN)/python tools/generate_docs.py

bench: build ## Build the release wheel and compare with the reference (benchmarks/README.md)
	$(BIN)/python benchmarks/text_chain.py

record-reference: build ## Record the verdicts of the reference implementation again
	$(BIN)/python tools/record_reference.py

sample: build ## Make the sample of examples/data again (needs the collection that its README names)
	$(BIN)/python tools/make_sample.py

wheel: $(VENV)/tools.stamp ## Build wheel and sdist into dist/
	$(MATURIN) build --release --locked --sdist --out dist

clean: ## Remove everything that was built, the environments and the runs
	rm -rf $(VENV) .venvs dist runs target python/dataflow_rs/_native.*.so .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help venv build models run test test-soak test-models test-vllm lint check docs bench record-reference \
	sample wheel clean
