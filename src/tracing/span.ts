export type Attributes = Readonly<Record<string, string | number>>;

export interface SpanStart {
  /** One of few: what differs from span to span is an attribute. */
  readonly name: string;
  readonly kind: 'server' | 'consumer' | 'internal';
  /** The traceparent that it belongs under; null begins a trace. */
  readonly parent: string | null;
  /** Unix time in milliseconds; absent: now. */
  readonly startMs?: number;
  readonly attributes?: Attributes;
}

export interface SpanEnd {
  /** Unix time in milliseconds; absent: now. */
  readonly atMs?: number;
  readonly attributes?: Attributes;
  /** What went wrong; absent: nothing did. */
  readonly error?: string;
}

export interface Span {
  /** What its children name as their parent; null where nothing is traced and it has no parent. */
  readonly traceparent: string | null;
  end(end?: SpanEnd): void;
}

/** Where a process sends what it did for whom, or the form of it that does nothing. */
export interface Tracing {
  start(span: SpanStart): Span;
  /** Sends what is not sent yet. */
  close(): Promise<void>;
}
