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

.PHONY: demo test install setup-demo setup-test lint corpus fuzz guards bench-intake bench-deid bench-triage screenshots help

help:
	@sed -n 's/^# //p' Makefile

demo:
	@cat tests/src/demo/acts.txt
	@echo "Before that, set-up and build: about 15 minutes on 2 cores the first time, nothing afterwards."
	@echo
	@tests/setup demo
	@$(STAGE) build cargo build --quiet --workspace --bins
	@$(CARGO_TARGET_DIR)/debug/demo --told $(ARGS)

test: setup-test
	@$(STAGE) format cargo fmt --all --check
	@$(STAGE) build cargo build --quiet --workspace --all-targets
	@$(STAGE) tests tests/run
	@$(STAGE) doc-tests cargo test --quiet --workspace --doc
	@echo "make test: everything passed"

# Puts both programs, ONNX Runtime and the bundles under PREFIX.
install: setup-demo
	@$(STAGE) build cargo build --quiet --release --locked -p scanside-appliance -p scanside-cloud-service
	@tests/install $(CARGO_TARGET_DIR)/release $(DESTDIR)$(PREFIX)

# What the tests do not need: lints with warnings as errors, licences and bans.
lint:
	cargo clippy --workspace --all-targets --features scanside-tests/corpus -- -D warnings
	command -v cargo-deny >/dev/null && cargo deny check || echo "cargo-deny is not installed: cargo install cargo-deny"

# Tests over real, odd and malformed DICOM files that may not be part of the project.
corpus: setup-test
	@tests/corpus

# Fuzzes the de-identifier for an hour, or ARGS=SECONDS; needs cargo-fuzz and a nightly toolchain.
fuzz: setup-demo
	@tests/fuzz/run $(ARGS)

# Takes out each guard of tests/guards.toml in turn and requires its test to fail. About a minute for each.
guards: setup-test
	@tests/guards $(ARGS)

# Reception against other receivers, as ratios in one run: tests/benchmarks/intake.md and .svg.
bench-intake: setup-test
	@$(STAGE) build cargo build --quiet --release -p scanside-appliance
	@tests/benchmarks/intake.py $(ARGS)

# De-identification against tools of the Python package index: tests/benchmarks/deid.md.
bench-deid: setup-test
	@$(STAGE) build cargo build --quiet --release -p scanside-appliance -p scanside-fixtures
	@tests/benchmarks/deid.py $(ARGS)

# A radiograph from file to answer beside the same pipeline in Python, and a running appliance: tests/benchmarks/triage.md.
bench-triage: setup-test
	@$(STAGE) build cargo build --quiet --release -p scanside-appliance -p scanside-fixtures
	@tests/benchmarks/triage.py $(ARGS)

# Draws tests/screenshots/ from acts 1 and 2 of the demonstration; ARGS="--more DIR" draws every other state as well.
screenshots: setup-demo setup-test
	@$(STAGE) build cargo build --quiet --workspace --bins
	@$(CARGO_TARGET_DIR)/debug/screenshots $(ARGS)

setup-demo:
	@tests/setup demo

setup-test:
	@tests/setup test
