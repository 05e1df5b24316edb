FROM rust:1.95.0-slim-bookworm AS native
WORKDIR /crate
COPY native/Cargo.toml ./
COPY native/src/ src/
# Without these two, pyo3 would look for the Python that it is built for, and link with it.
RUN PYO3_NO_PYTHON=1 PYO3_BUILD_EXTENSION_MODULE=1 cargo rustc --release --lib --crate-type cdylib

FROM python:3.13.9-slim-bookworm AS build
WORKDIR /build
COPY pyproject.toml constraints.txt ./
RUN python -m venv /venv \
 && /venv/bin/python -m pip install --no-cache-dir --no-compile --constraint constraints.txt pip \
 && /venv/bin/python -m pip install --no-cache-dir --no-compile --constraint constraints.txt --build-constraint constraints.txt --only-deps . \
 && python -m venv /teller \
 && /venv/bin/python -m pip --python /teller/bin/python install --no-cache-dir --no-compile --constraint constraints.txt --group sbom \
 && /venv/bin/python -m pip uninstall --yes pip setuptools
RUN /teller/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o /sbom.json /venv/bin/python
COPY deploy/image/root.py ./
# The modules are what the service imports; they and what they import are compiled.
RUN /venv/bin/python root.py /image click csv difflib gzip numpy.typing onnxruntime orjson pkgutil starlette.applications \
      starlette.staticfiles uvicorn.protocols.http.httptools_impl uvloop zoneinfo
WORKDIR /app
COPY --from=native /crate/target/release/libatraso_native.so atraso_native.abi3.so
COPY service/ service/
COPY tables/ tables/
COPY model.onnx flights.json ./
COPY docs/model.html docs/ficha.html docs/
COPY docs/img/model-*.png docs/img/
RUN mv /sbom.json . \
 && python -m compileall -q --invalidation-mode unchecked-hash service \
 && find /app -exec touch --no-dereference --date=@0 {} +

# Neither shell nor package manager: what root.py found that the service needs, and the service.
FROM scratch
COPY --from=build /image/ /
COPY --from=build /app/ /app/
WORKDIR /app
ENV PATH=/usr/local/bin PYTHONDONTWRITEBYTECODE=1 LANG=C.UTF-8 ATRASO_HOST=0.0.0.0
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s CMD ["python", "-m", "service.healthcheck"]
CMD ["python", "-m", "service"]
ARG REVISION=unknown
LABEL org.opencontainers.image.title="atraso" \
      org.opencontainers.image.description="How likely is it that this flight from Santiago leaves late? A LightGBM model behind a very fast API." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="scratch"
