# syntax=docker/dockerfile:1
# All images of docker-compose.yaml, one target each:
#   service        planner, llm-gateway, memory, provider-simulator and the provisioning job; the command says which
#   tool-executor  the same and a browser
#   nats, chroma   the official images with our settings and a data folder that belongs to an ordinary user
# Services are TypeScript that Node runs as it is: there is no build step. Every image runs as user 1000.

# The Node of package.json's optionalDependencies; a test compares them.
FROM node:24.21.0-trixie-slim@sha256:8ec5d7557396cfe32d21c3f9c13072355ceab22b584578ca4bb28af31120cffe AS node

# The packages change seldom and the sources often: each has its layer. Workspaces become links in node_modules, which
# Node follows to the sources; copied there, Node would refuse to run their TypeScript.
FROM node AS packages
WORKDIR /app
COPY .npmrc package.json package-lock.json ./
COPY contracts/package.json contracts/
COPY shared/package.json shared/
COPY setup/package.json setup/
COPY test/package.json test/
COPY services/cli/package.json services/cli/
COPY services/llm-gateway/package.json services/llm-gateway/
COPY services/memory/package.json services/memory/
COPY services/planner/package.json services/planner/
COPY services/provider-simulator/package.json services/provider-simulator/
COPY services/tool-executor/package.json services/tool-executor/
RUN --mount=type=cache,target=/root/.npm \
    npm ci --omit=dev --omit=optional --ignore-scripts --loglevel=warn

FROM node AS service
LABEL org.opencontainers.image.title="troupe" \
      org.opencontainers.image.description="Event-driven actors on NATS JetStream that run LLM agent workflows" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    APP_ENV=production \
    AGENT_METRICS_HOST=0.0.0.0 \
    AGENT_METRICS_PORT=9100
WORKDIR /app
COPY --from=packages /app ./
COPY deploy/healthcheck.mjs deploy/
COPY contracts/src contracts/src
COPY shared/src shared/src
COPY services services
USER 1000:1000
EXPOSE 9100
HEALTHCHECK --interval=30s --timeout=10s --retries=3 --start-period=60s --start-interval=1s \
    CMD ["node", "deploy/healthcheck.mjs"]
CMD ["node", "services/planner/src/main.ts"]

FROM service AS tool-executor
USER 0
# Debian's, because it comes for every processor and with security updates; no version is named, so that a build takes the newest.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium-headless-shell fonts-liberation \
    && rm -rf /var/lib/apt/lists/*
ENV CHROMIUM_PATH=/usr/bin/chromium-headless-shell
USER 1000:1000
CMD ["node", "services/tool-executor/src/main.ts"]

# A volume takes its owner from the image's folder when it is made: so nobody has to be root to write there.
FROM nats:2.15.1-alpine AS nats
RUN install -d -o 1000 -g 1000 /data
COPY deploy/nats.conf /etc/nats/nats-server.conf
USER 1000:1000
VOLUME /data
HEALTHCHECK --interval=30s --timeout=10s --retries=3 --start-period=60s --start-interval=1s \
    CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8222/healthz"]

FROM chromadb/chroma:1.5.9@sha256:1e0b73a187a28757c572acba508c46f48c9e8b0acaf5c20e6d95cdedce1acdf6 AS chroma
RUN install -d -o 1000 -g 1000 /data
COPY deploy/chroma.yaml /config.yaml
USER 1000:1000
VOLUME /data
# Chroma ignores SIGTERM.
STOPSIGNAL SIGINT
# The image has neither curl nor wget, but bash.
HEALTHCHECK --interval=30s --timeout=10s --retries=3 --start-period=60s --start-interval=1s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8000 && printf 'GET /api/v2/heartbeat HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q nanosecond <&3"]
