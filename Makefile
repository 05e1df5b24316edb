PYTHON ?= python3
# What is used is compiled as it is.
INSTALL = python -m pip --quiet --disable-pip-version-check install --no-compile --constraint constraints.txt
PIP = .venv/bin/$(INSTALL)

CRATE = native/Cargo.toml native/pyproject.toml native/atraso_native.pyi $(wildcard native/src/*.rs)

# Where this is set, each of the hundreds of processes that the tests start compiles anew what it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: serve native dev test chaos check check-rust export bench beam sbom

serve: .venv/serve .venv/native  ## serve the shipped model on http://localhost:8080
	.venv/bin/python -m service

native: .venv/serve  ## build the hot path in Rust, and say why where that fails
	$(PIP) --build-constraint constraints.txt --no-deps --force-reinstall ./native
	@touch .venv/native

dev: .venv/dev .venv/native  ## install what export, bench and the tests need
	@echo "atraso: all is in .venv; try .venv/bin/python -m export --help"

test:  ## everything that this machine has the tools for
	$(MAKE) --no-print-directory --jobs 3 .venv/dev .venv/native .venv/beam && .venv/bin/python -m pytest --numprocesses 4 --dist loadscope

chaos: .venv/dev .venv/native  ## the whole suite that tries to break it: some 25 minutes; its table goes to docs/operations.md
	ATRASO_CHAOS=full .venv/bin/python -m pytest tests/chaos && .venv/bin/python -m tests.chaos.rig.results

check: .venv/dev check-rust  ## lint, format, types
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

# The crates' builds are where the tests look for them.
check-rust:
	@if command -v cargo-clippy >/dev/null && command -v rustfmt >/dev/null; then set -e; \
	  for crate in native bench/baselines/axum examples/rust; do cargo fmt --check --manifest-path $$crate/Cargo.toml; done; \
	  cargo clippy --quiet --all-targets --manifest-path native/Cargo.toml -- --deny warnings; \
	  cargo clippy --quiet --target-dir build/axum --manifest-path bench/baselines/axum/Cargo.toml -- --deny warnings; \
	else echo "atraso: no cargo here with clippy and rustfmt, so what is in Rust is not linted"; \
	  test -z "$$ATRASO_REQUIRE_ALL"; fi

export: .venv/dev data/dataset_SCL.csv  ## train on the real flights and write model.onnx, model.txt and tables/
	.venv/bin/python -m export train --data data/dataset_SCL.csv --out . --booster model.txt --range

data/dataset_SCL.csv: | .venv/dev
	.venv/bin/python -m export fetch --out $@

bench: .venv/dev .venv/native  ## measure the service on this machine, beside what could be used instead
	.venv/bin/python -m bench compare

beam: .venv/beam  ## install what the Apache Beam pipeline of bulk/beam.py needs, beside the rest

sbom: build/sbom.json  ## what the server's install is made of, in CycloneDX' format

build/sbom.json: pyproject.toml constraints.txt
	$(PYTHON) -m venv --clear build/served
	build/served/bin/$(INSTALL) pip
	build/served/bin/$(INSTALL) --build-constraint constraints.txt --only-deps .
	$(PYTHON) -m venv --clear build/teller
	build/teller/bin/$(INSTALL) pip
	build/teller/bin/$(INSTALL) --group sbom
	build/served/bin/python -m pip --quiet uninstall --yes pip setuptools
	build/teller/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o $@ build/served/bin/python

.venv/beam: pyproject.toml bulk/beam-constraints.txt
	$(PYTHON) -m venv .venv/beam
	.venv/beam/bin/$(INSTALL) pip
	.venv/beam/bin/python -m pip --quiet --disable-pip-version-check install --no-compile --constraint bulk/beam-constraints.txt --group beam
	@touch $@

.venv/serve: pyproject.toml constraints.txt
	@echo "atraso: making .venv and installing what the server needs (onnxruntime, uvicorn, ...): some seconds"
	$(PYTHON) -m venv .venv
	$(PIP) pip
	$(PIP) --build-constraint constraints.txt --only-deps .
	@touch $@

.venv/dev: .venv/serve
	@echo "atraso: installing what export, bench and the tests need (lightgbm, onnxmltools, pytest, ...): a minute or so"
	$(PIP) --group dev
	@touch $@

# Where it cannot be built, the service answers the same in Python: that is told, and is no failure.
.venv/native: $(CRATE) | .venv/serve
	@if ! command -v cargo >/dev/null; then \
	  echo "atraso: no cargo here, so Python answers, at about twice the cost; for the hot path in Rust: https://rustup.rs, then make native"; \
	else \
	  echo "atraso: building the hot path in Rust: some 20 s"; \
	  if $(PIP) --build-constraint constraints.txt --no-deps --force-reinstall ./native >.venv/native.log 2>&1; then touch $@; \
	  else echo "atraso: that failed (.venv/native.log), so Python answers, at about twice the cost; make native tries again"; fi; \
	fi
