# The two commands of the README, `make demo` and `make test`, and their helpers.
# `make demo ARGS=--exit` leaves when every study is answered; `make demo ARGS="--from DIR"` sends your own files.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
export ORT_DISABLE_TELEMETRY := 1
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR
export ORT_DYLIB_PATH := $(CURDIR)/target/onnxruntime/libonnxruntime.so
ARGS ?=
PREFIX ?= /usr/local
STAGE := tests/stage
BUILD := tests/stage build tests/progress cargo build
# What `make demo` runs, and no more. Tests need the browser driver beside it.
DEMO := -p scanside-appliance -p scanside-cloud-service -p scanside-tests --bin appliance --bin cloud-service --bin demo
BROWSER := --features scanside-tests/browser

.PHONY: demo test install setup-demo setup-test setup-check check lint corpus fuzz guards bench-intake bench-deid bench-triage screenshots help

help:
	@sed -n 's/^# //p' Makefile

demo:
	@cat tests/src/demo/acts.txt
	@echo "Before that, set-up and build: about 6 minutes on 2 cores the first time, nothing afterwards."
	@echo
	@tests/setup demo
	@$(BUILD) $(DEMO)
	@$(CARGO_TARGET_DIR)/debug/demo --told $(ARGS)

test: setup-test
	@$(STAGE) format cargo fmt --all --check
	@$(BUILD) --workspace --all-targets $(BROWSER)
	@$(STAGE) tests tests/run
	@$(STAGE) doc-tests cargo test --quiet --workspace --doc $(BROWSER)
	@echo "make test: everything passed"

# Puts both programs, ONNX Runtime and the bundles under PREFIX.
install: setup-demo
	@$(BUILD) --release --locked -p scanside-appliance -p scanside-cloud-service
	@tests/install $(CARGO_TARGET_DIR)/release $(DESTDIR)$(PREFIX)

# What CI asks before the tests: formatting, licences and sources of what we depend on, lints with warnings as errors.
check: setup-check
	@$(STAGE) format cargo fmt --all --check
	@$(STAGE) licences target/cargo-deny/cargo-deny check --hide-inclusion-graph bans licenses sources
	@$(STAGE) lints tests/progress cargo clippy --workspace --all-targets $(BROWSER),scanside-tests/corpus -- -D warnings

# The same, and known faults of what we depend on, where the database of them can be had.
lint: check
	@$(STAGE) advisories tests/advisories

# Tests over real, odd and malformed DICOM files that may not be part of the project.
corpus: setup-test
	@tests/corpus

# Fuzzes the de-identifier for an hour, or ARGS=SECONDS; needs cargo-fuzz and a nightly toolchain.
fuzz: setup-demo
	@tests/fuzz/run $(ARGS)

# Takes out each guard of tests/guards.toml in turn and requires its test to fail. A minute or two for each;
# ARGS="--sample 3" takes three of one package, chosen by the commit, as CI does.
guards: setup-test
	@$(STAGE) guards tests/guards $(ARGS)

# Reception against other receivers, as ratios in one run: tests/benchmarks/intake.md and .svg.
bench-intake: setup-test
	@$(BUILD) --release -p scanside-appliance
	@tests/benchmarks/intake.py $(ARGS)

# De-identification against tools of the Python package index: tests/benchmarks/deid.md.
bench-deid: setup-test
	@$(BUILD) --release -p scanside-appliance -p scanside-fixtures
	@tests/benchmarks/deid.py $(ARGS)

# A radiograph from file to answer beside the same pipeline in Python, and a running appliance: tests/benchmarks/triage.md.
bench-triage: setup-test
	@$(BUILD) --release -p scanside-appliance -p scanside-fixtures
	@tests/benchmarks/triage.py $(ARGS)

# Draws tests/screenshots/ from acts 1 and 2 of the demonstration; ARGS="--more DIR" draws every other state as well.
screenshots: setup-demo setup-test
	@$(BUILD) $(DEMO) --bin screenshots $(BROWSER)
	@$(CARGO_TARGET_DIR)/debug/screenshots $(ARGS)

setup-demo:
	@tests/setup demo

setup-test:
	@tests/setup test

setup-check:
	@tests/setup check
