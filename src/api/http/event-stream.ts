import { PassThrough, pipeline, Readable } from 'node:stream';
import type { Event } from '../../contract/jobs-client.js';

/** Shorter than the idle timeouts of common proxies (60 s). */
const KEEP_ALIVE_MS = 15_000;

export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  // nginx would hold events back.
  // The answer ends the connection anyway, and an idle one would hold up a closing server.
  connection: 'close',
  'x-accel-buffering': 'no',
} as const;

/**
 * Events as a `text/event-stream` body: the id is the seq, the data the event as JSON. Fastify's own stream handling
 * brings back-pressure and destroys the body when the client leaves, which aborts `follow`'s signal.
 */
export function eventStream(
  follow: (signal: AbortSignal) => AsyncIterable<Event>,
  closing: AbortSignal,
): Readable {
  const stop = new AbortController();
  const body = new PassThrough();
  // Sends the headers at once: the first event may be minutes away.
  body.write(': connected\n\n');
  const timer = setInterval(() => body.write(': keep-alive\n\n'), KEEP_ALIVE_MS);
  const close = () => {
    clearInterval(timer);
    stop.abort();
  };
  // Aborting first ends a pending wait for the next event, which would hold back the pipeline's own end.
  body.once('close', close);
  pipeline(Readable.from(frames(follow(AbortSignal.any([stop.signal, closing])))), body, close);
  return body;
}

async function* frames(events: AsyncIterable<Event>): AsyncIterable<string> {
  for await (const event of events) yield `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Does the client ask for an event stream by name? Anything vaguer gets JSON. */
export function acceptsEventStream(accept: string | undefined): boolean {
  return (accept ?? '')
    .toLowerCase()
    .split(',')
    .map((range) => range.split(';').map((part) => part.trim()))
    .some(
      ([type, ...parameters]) =>
        type === 'text/event-stream' && !parameters.some((p) => /^q=0(\.0*)?$/.test(p)),
    );
}
