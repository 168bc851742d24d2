import type { Tracing } from './span.js';
import { formatTraceparent, parseTraceparent } from './traceparent.js';

export type { Attributes, Span, SpanEnd, SpanStart, Tracing } from './span.js';

/** Records nothing, and passes the traceparent of the caller on. */
export const NO_TRACING: Tracing = {
  start({ parent }) {
    const found = parseTraceparent(parent);
    return { traceparent: found && formatTraceparent(found), end: () => undefined };
  },
  async close() {},
};

/**
 * OpenTelemetry's own variables. The exporter reads these and others, like OTEL_EXPORTER_OTLP_HEADERS, by itself.
 */
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];

/**
 * Traces to an OTLP collector if the environment names one. Otherwise no code of OpenTelemetry is loaded.
 * @param process service name of the spans, unless OTEL_SERVICE_NAME is set
 */
export async function openTracing(
  env: Readonly<Record<string, string | undefined>>,
  process: string,
): Promise<Tracing> {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || !ENDPOINTS.some((name) => env[name]))
    return NO_TRACING;
  const { openExporter } = await import('./exporter.js');
  return openExporter(process);
}
