import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Span, SpanStart, Tracing } from './span.js';
import { formatTraceparent, parseTraceparent } from './traceparent.js';

const KINDS = { server: SpanKind.SERVER, consumer: SpanKind.CONSUMER, internal: SpanKind.INTERNAL } as const;

/** Only this file uses OpenTelemetry. Its own environment variables set endpoint, headers, sampler and batches. */
export function openExporter(process: string): Tracing {
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': `strata-${process}` }))
    .merge(detectResources({ detectors: [envDetector] }));
  const provider = new BasicTracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  const tracer = provider.getTracer('strata');
  return {
    start(start) {
      const { name, kind, startMs, attributes } = start;
      const options = {
        kind: KINDS[kind],
        ...(startMs && { startTime: startMs }),
        ...(attributes && { attributes }),
      };
      return spanOf(tracer.startSpan(name, options, contextOf(start)));
    },
    close: () => provider.shutdown(),
  };
}

function contextOf({ parent }: SpanStart) {
  const found = parseTraceparent(parent);
  if (found === null) return ROOT_CONTEXT;
  const { traceId, spanId, flags } = found;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: flags, isRemote: true });
}

function spanOf(span: ReturnType<ReturnType<typeof trace.getTracer>['startSpan']>): Span {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: formatTraceparent({ traceId, spanId, flags: traceFlags }),
    end({ atMs, attributes = {}, error } = {}) {
      span.setAttributes(attributes);
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
      span.end(atMs);
    },
  };
}
