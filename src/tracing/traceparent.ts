/** A place in a trace, as the header `traceparent` of W3C Trace Context (level 1, section 3.2) writes it. */
export interface TraceParent {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** Of 8 bits; the lowest says that the trace is recorded. */
  readonly flags: number;
}

/** What a later version may append is not looked at; `ff` is no version, and ids of zeros are none. */
const FORMAT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;

/** Null for what is no traceparent: by the specification such a header is ignored, never refused. */
export function parseTraceparent(header: unknown): TraceParent | null {
  const [, traceId, spanId, flags] = (typeof header === 'string' && FORMAT.exec(header)) || [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

export function formatTraceparent({ traceId, spanId, flags }: TraceParent): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
}
