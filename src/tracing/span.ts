export type Attributes = Readonly<Record<string, string | number>>;

export interface SpanStart {
  /** One of few names. Details of single spans are attributes. */
  readonly name: string;
  readonly kind: 'server' | 'consumer' | 'internal';
  /** The traceparent of the parent span; null starts a new trace. */
  readonly parent: string | null;
  /** Unix time in milliseconds; absent: now. */
  readonly startMs?: number;
  readonly attributes?: Attributes;
}

export interface SpanEnd {
  /** Unix time in milliseconds; absent: now. */
  readonly atMs?: number;
  readonly attributes?: Attributes;
  /** The error; absent: success. */
  readonly error?: string;
}

export interface Span {
  /** The traceparent for child spans; null without tracing and without a parent. */
  readonly traceparent: string | null;
  end(end?: SpanEnd): void;
}

/** Records the spans of a process. NO_TRACING is the implementation that does nothing. */
export interface Tracing {
  start(span: SpanStart): Span;
  /** Sends all spans that were not sent yet. */
  close(): Promise<void>;
}
