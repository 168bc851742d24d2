/** A position in a trace, as in the header `traceparent` of W3C Trace Context (level 1, section 3.2). */
export interface TraceParent {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** 8 bits. The lowest bit means that the trace is recorded. */
  readonly flags: number;
}

/** Additions of later versions are ignored. `ff` is not a valid version, and ids of zeros are not valid. */
const FORMAT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;

/** Null for an invalid traceparent. By the specification, such a header is ignored and never rejected. */
export function parseTraceparent(header: unknown): TraceParent | null {
  const [, traceId, spanId, flags] = (typeof header === 'string' && FORMAT.exec(header)) || [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

export function formatTraceparent({ traceId, spanId, flags }: TraceParent): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
}
