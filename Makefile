PYTHON ?= python3
INSTALL = python -m pip --quiet --disable-pip-version-check install --constraint constraints.txt
PIP = .venv/bin/$(INSTALL)

.PHONY: serve dev test chaos check export bench sbom

serve: .venv/serve  ## serve the shipped model on http://localhost:8080
	.venv/bin/python -m service

dev: .venv/dev  ## install what export, bench and the tests need
	@echo "atraso: all is in .venv; try .venv/bin/python -m export --help"

test: .venv/dev  ## everything that this machine has the tools for
	.venv/bin/python -m pytest --numprocesses 4 --dist loadscope

chaos: .venv/dev  ## the whole suite that tries to break it: most of an hour; its table goes to docs/operations.md
	ATRASO_CHAOS=full .venv/bin/python -m pytest tests/chaos && .venv/bin/python -m tests.chaos.rig.results

check: .venv/dev  ## lint, format, types
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

export: .venv/dev data/dataset_SCL.csv  ## train on the real flights and write model.onnx, model.txt and tables/
	.venv/bin/python -m export train --data data/dataset_SCL.csv --out . --booster model.txt

data/dataset_SCL.csv: | .venv/dev
	.venv/bin/python -m export fetch --out $@

bench: .venv/dev  ## measure the service on this machine, beside what could be used instead
	.venv/bin/python -m bench compare

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
