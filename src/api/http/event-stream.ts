import { PassThrough, pipeline, Readable } from 'node:stream';

/** Shorter than the idle timeouts of common proxies (60 s). */
const KEEP_ALIVE_MS = 15_000;

export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  // nginx would buffer events. The connection closes with the response, because an idle connection would delay the
  // shutdown of the server.
  connection: 'close',
  'x-accel-buffering': 'no',
} as const;

type Follow<T> = (signal: AbortSignal) => AsyncIterable<T>;

const seqOf = ({ seq }: { readonly seq: number }): number => seq;

/** Events as a `text/event-stream` body: the data is the event as JSON. Absent `idOf`: its id is the seq. */
export function eventStream<T extends { readonly seq: number }>(
  follow: Follow<T>,
  closing: AbortSignal,
  idOf: (event: T) => number = seqOf,
): Readable {
  const body = new PassThrough();
  // Sends the headers at once, because the first event may be minutes away.
  body.write(': connected\n\n');
  const timer = setInterval(() => body.write(': keep-alive\n\n'), KEEP_ALIVE_MS);
  body.once('close', () => clearInterval(timer));
  return liveStream((signal) => frames(follow(signal), closing, idOf), closing, body);
}

/**
 * A response body that contains stored and future items. Fastify's stream handling applies back-pressure. It
 * destroys the body when the client disconnects, which aborts the signal of `follow`.
 */
export function liveStream(follow: Follow<string>, closing: AbortSignal, body = new PassThrough()): Readable {
  const stop = new AbortController();
  const close = () => stop.abort();
  // Abort first: this ends a pending wait for the next event, which would otherwise delay the end of the pipeline.
  body.once('close', close);
  pipeline(Readable.from(follow(AbortSignal.any([stop.signal, closing]))), body, close);
  return body;
}

/**
 * Sent last if the server ends the stream before the job has ended. An EventSource waits for this time and
 * reconnects.
 */
const CONNECT_AGAIN = ': the events continue; connect again\nretry: 1000\n\n';

async function* frames<T extends { readonly seq: number }>(
  events: AsyncIterable<T>,
  closing: AbortSignal,
  idOf: (event: T) => number,
): AsyncIterable<string> {
  for await (const event of events) yield frameOf(event, idOf(event));
  if (closing.aborted) yield CONNECT_AGAIN;
}

/** All clients that follow a job receive the same event objects, so each object is serialized once. */
const written = new WeakMap<object, string>();

function frameOf(event: object, id: number): string {
  const frame = written.get(event) ?? `id: ${id}\ndata: ${JSON.stringify(event)}\n\n`;
  written.set(event, frame);
  return frame;
}

/** Whether an Accept or Accept-Encoding header names this media type or coding itself. Wildcards of media types get JSON. */
export function acceptsByName(accept: string | undefined, mediaType: string): boolean {
  return (accept ?? '')
    .toLowerCase()
    .split(',')
    .map((range) => range.split(';').map((part) => part.trim()))
    .some(([type, ...parameters]) => type === mediaType && !parameters.some((p) => /^q=0(\.0*)?$/.test(p)));
}

export function acceptsEventStream(accept: string | undefined): boolean {
  return acceptsByName(accept, 'text/event-stream');
}
