# The agent as a container. BASE may be any Debian with Python 3.11 or newer.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
# EXTRA=openai adds the client for OpenAI-compatible servers; by default only the rule model is carried.
ARG EXTRA=
WORKDIR /src
COPY pyproject.toml README.md LICENSE requirements.txt requirements-openai.txt ./
RUN python3 -c 'import ensurepip' 2>/dev/null \
 || { apt-get update && apt-get install -y --no-install-recommends python3-venv; }
RUN python3 -m venv /opt/pip && python3 -m venv --without-pip /opt/agent \
 && /opt/pip/bin/pip --python /opt/agent/bin/python install --no-cache-dir --no-compile --require-hashes \
      -r "requirements${EXTRA:+-${EXTRA}}.txt"
COPY agent ./agent
# What is never imported is not carried: the asyncio twin of the Kubernetes client, what only that needs, and the
# typed APIs. Bytecode is compiled here, since the root file system is read-only when it runs, and without the columns
# of tracebacks, which are a third of it.
RUN /opt/pip/bin/pip --python /opt/agent/bin/python install --no-cache-dir --no-compile --no-deps . \
 && /opt/pip/bin/pip --python /opt/agent/bin/python uninstall -y \
      aiohttp aiohttp-retry aiohappyeyeballs aiosignal frozenlist multidict propcache yarl \
 && cd /opt/agent/lib/python3*/site-packages/kubernetes && rm -rf aio client/api \
 && find client/models -type f ! -name __init__.py -delete && cd /src \
 && find /opt/agent -type d -name tests -prune -exec rm -rf {} + \
 && PYTHONNODEBUGRANGES=1 /opt/agent/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/agent/lib

FROM ${BASE}
ARG REVISION=unknown
LABEL org.opencontainers.image.title="incident-agent" \
      org.opencontainers.image.description="One alert in, one evidence-bound verdict out." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
# No installer is left behind.
RUN find /usr -path '*python*' \( -name pip -o -name 'pip-*' -o -name ensurepip -o -name python-wheels \
      -o -name setuptools -o -name 'setuptools-*' -o -name pkg_resources \) -prune -exec rm -rf {} + \
 && rm -f /usr/local/bin/pip* /usr/bin/pip*
COPY --from=build /opt/agent /opt/agent
ENV PATH=/opt/agent/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 AUTOGEN_DISABLE_RUNTIME_TRACING=true
USER 65532:65532
WORKDIR /tmp
ENTRYPOINT ["/opt/agent/bin/incident-agent"]
CMD ["--help"]
