# A worker and its trainers: TensorFlow as src/provision makes it (docs/adr/0002), for CPUs or for NVIDIA GPUs.
#   docker build -f docker/worker.Dockerfile -t strata-worker .
#   docker build -f docker/worker.Dockerfile -t strata-worker-cuda --build-arg TENSORFLOW=cuda .
# The second one has never been built, nor run on a GPU.

FROM node:22-bookworm-slim AS engine
# Versions are Debian's of the day: nothing of these packages gets into the image.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates g++ python3 python3-pip \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
# TensorFlow's package links into this folder, so it has the same path in the image.
ENV XDG_CACHE_HOME=/opt/cache
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY prisma.config.ts tsconfig.json ./
COPY prisma prisma
COPY scripts scripts
COPY client client
COPY dashboard dashboard
COPY guide guide
COPY docs docs
COPY README.md ./
COPY openapi openapi
COPY src src
# Also generates the database client. A given Redis needs no local one. cuda adds NVIDIA's libraries, which take
# gigabytes; the driver comes from the host.
ARG TENSORFLOW=cpu
RUN REDIS_URL=redis://given STRATA_TENSORFLOW=$TENSORFLOW npm run setup \
 && node --import tsx src/service/commands/compile.ts
# As in api.Dockerfile: of the optional packages only what decodes images is needed.
RUN cp -r node_modules/@img /tmp/ \
 && npm prune --omit=dev --omit=optional \
 && cp -r /tmp/@img node_modules/ \
 && npm sbom --sbom-format=cyclonedx --package-lock-only --omit=dev > sbom.cdx.json

FROM node:22-bookworm-slim
WORKDIR /app
# Trainers find CUDA in the cache.
ENV NODE_ENV=production STRATA_HOME=/data ORT_DISABLE_TELEMETRY=1 XDG_CACHE_HOME=/opt/cache
RUN mkdir /data && chown node:node /data
COPY --from=engine /opt/cache /opt/cache
COPY --from=engine /app/node_modules node_modules
COPY package.json ./
COPY --from=engine /app/dist dist
COPY --from=engine /app/sbom.cdx.json ./
# The user `node` of the base image, by number: a host can check that it is not root.
USER 1000
CMD ["node", "dist/jobs/worker/main.js"]
