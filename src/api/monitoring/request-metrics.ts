import type { FastifyInstance, FastifyRequest } from 'fastify';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Most responses take milliseconds. `wait` may take a minute. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];
/** Label of requests that belong to no operation, like pages and unknown paths. */
const OTHER = 'other';

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly operationId?: string;
  }
}

/**
 * Measures this process and its requests, in a separate registry of the app. The measured time ends when the
 * response begins: an event stream then continues for hours, and counts as open.
 */
export function measureRequests(app: FastifyInstance): Registry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const seconds = new Histogram({
    name: 'strata_http_request_duration_seconds',
    help: 'Time from the arrival of a request to the start of its response, by operation and status.',
    labelNames: ['operation', 'status'],
    buckets: BUCKETS,
    registers,
  });
  const open = new Gauge({
    name: 'strata_http_open_requests',
    help: 'Requests in progress, and responses that are still being sent.',
    labelNames: ['operation'],
    registers,
  });
  const started = new WeakMap<FastifyRequest, number>();
  app.addHook('onRequest', (request, reply, next) => {
    const labels = { operation: operationOf(request) };
    started.set(request, performance.now());
    open.inc(labels);
    reply.raw.once('close', () => open.dec(labels));
    next();
  });
  app.addHook('onSend', (request, reply, _, next) => {
    const since = started.get(request);
    if (since !== undefined) {
      const labels = { operation: operationOf(request), status: String(reply.statusCode) };
      seconds.observe(labels, (performance.now() - since) / 1000);
    }
    next();
  });
  return registry;
}

function operationOf({ routeOptions }: FastifyRequest): string {
  return routeOptions.config.operationId ?? OTHER;
}
