import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Tracing } from '../../tracing/tracing.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Parent span of the work that this request starts: the span of the request, or the span of the caller. */
    traceparent: string | null;
  }
}

/** Health checks and metrics are requested every few seconds. Nobody needs their traces. */
const NOT_TRACED = ['getLiveness', 'getReadiness', 'getMetrics'];

/** A span for each request to an operation, until its answer is sent. */
export function traceRequests(app: FastifyInstance, tracing: Tracing): void {
  app.decorateRequest('traceparent', null);
  app.addHook('onRequest', (request, reply, next) => {
    const { operationId } = request.routeOptions.config;
    if (operationId === undefined || NOT_TRACED.includes(operationId)) return next();
    const span = tracing.start({
      name: `${request.method} ${request.routeOptions.url}`,
      kind: 'server',
      parent: headerOf(request),
      attributes: {
        'http.request.method': request.method,
        'http.route': request.routeOptions.url ?? '',
        'url.path': request.url.split('?', 1)[0] ?? '',
        'strata.operation': operationId,
        'strata.request_id': request.id,
      },
    });
    request.traceparent = span.traceparent;
    reply.raw.once('close', () => {
      const status = reply.raw.statusCode;
      const attributes = { 'http.response.status_code': status };
      span.end({ attributes, ...(status >= 500 && { error: `answered ${status}` }) });
    });
    next();
  });
}

function headerOf({ headers: { traceparent } }: FastifyRequest): string | null {
  return typeof traceparent === 'string' ? traceparent : null;
}
