# The hub without its servers: `concordat api`, `worker`, `timetable` or `migrate`, as docker-compose.yml starts them.
# Pin the base image by digest where you build: docs/operations.md says how.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
# No pip inside the environment that is shipped; the one of this stage fills it.
RUN python -m venv --without-pip /opt/concordat
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN pip --python /opt/concordat/bin/python install --no-cache-dir --require-hashes --only-binary :all: -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY protocols protocols
COPY consent consent
COPY connectors connectors
COPY hub hub
COPY examples examples
# The build backend is in the lock; by path, never by name (docs/adr/0007).
RUN pip --python /opt/concordat/bin/python install --no-cache-dir --no-deps --no-build-isolation .

FROM ${PYTHON_IMAGE}
RUN groupadd --system --gid 10001 concordat \
 && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/concordat --no-create-home --shell /usr/sbin/nologin concordat \
 && install --directory --mode 0700 --owner 10001 --group 10001 /var/lib/concordat
COPY --from=build /opt/concordat /opt/concordat
ENV PATH=/opt/concordat/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CONCORDAT_DATA_DIR=/var/lib/concordat \
    CONCORDAT_HOST=0.0.0.0 \
    CONCORDAT_PORT=8080
USER 10001:10001
WORKDIR /var/lib/concordat
VOLUME /var/lib/concordat
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/v1/health/ready', timeout=4)"]
ENTRYPOINT ["concordat"]
CMD ["api"]
