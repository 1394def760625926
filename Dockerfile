# The whole hub in one container: `docker build -t koppel .`, then
# `docker run --init -p 127.0.0.1:8420:8420 -v koppel:/data koppel`. The volume holds everything.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
WORKDIR /src
COPY requirements.lock ./
RUN python3 -m venv /opt/koppel \
    && /opt/koppel/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN /opt/koppel/bin/pip install --no-cache-dir --no-deps --no-build-isolation . ./plugins/*/ \
    && /opt/koppel/bin/pip uninstall -y -q playwright pytest-playwright axe-playwright-python mypy ruff \
        hypothesis pytest pytest-timeout build hatchling editables

FROM ${BASE}
RUN useradd --uid 10001 --create-home koppel && install -d -o koppel -g koppel -m 700 /data
COPY --from=build /opt/koppel /opt/koppel
ENV PATH=/opt/koppel/bin:$PATH KOPPEL_HOME=/data PYTHONUNBUFFERED=1
USER koppel
WORKDIR /data
VOLUME /data
EXPOSE 8420
CMD ["koppel", "up", "--host", "0.0.0.0"]
