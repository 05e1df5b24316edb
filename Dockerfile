FROM rust:1.95.0-slim-bookworm AS native
WORKDIR /crate
COPY native/Cargo.toml ./
COPY native/src/ src/
# Without these two, pyo3 would look for the Python that it is built for, and link with it.
RUN PYO3_NO_PYTHON=1 PYO3_BUILD_EXTENSION_MODULE=1 cargo build --release

FROM python:3.13.9-slim-bookworm AS build
WORKDIR /build
COPY pyproject.toml constraints.txt ./
RUN python -m venv /venv \
 && /venv/bin/python -m pip install --no-cache-dir --constraint constraints.txt pip \
 && /venv/bin/python -m pip install --no-cache-dir --constraint constraints.txt --build-constraint constraints.txt --only-deps . \
 && /venv/bin/python -m pip uninstall --yes pip

FROM python:3.13.9-slim-bookworm
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=native /crate/target/release/libatraso_native.so atraso_native.abi3.so
COPY service/ service/
COPY tables/ tables/
COPY model.onnx flights.json ./
COPY docs/model.html docs/ficha.html docs/
COPY docs/img/model-*.png docs/img/
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 ATRASO_HOST=0.0.0.0
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s CMD ["python", "-m", "service.healthcheck"]
CMD ["python", "-m", "service"]
