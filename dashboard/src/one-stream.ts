import type { TenantEvent } from '../../client/src/index.js';
import { strata } from './server.js';

/** A message of the tab that holds the stream to the others. */
type Message = { readonly event: TenantEvent } | { readonly alive: true };

export interface StreamListener {
  onEvent(event: TenantEvent): void;
  /** The server has sent something. */
  onAlive(): void;
}

/** Tabs that were opened before another sign-in may belong to another tenant. */
const nameOf = (keyId: string | null) => `strata-events ${keyId ?? ''}`;

/**
 * Events of all jobs for every visible tab of this browser, over one connection: browsers allow six to a server over
 * HTTP/1.1. The visible tab that holds the lock reads the stream and tells the others; when it is hidden or closed, the
 * next one takes over. Where the page has no locks (http on another host), each tab reads a stream of its own.
 */
export function listenToEvents(listener: StreamListener): () => void {
  const closing = new AbortController();
  // The queries show why the server cannot be read.
  listen(listener, closing.signal).catch(() => undefined);
  return () => closing.abort();
}

async function listen({ onEvent, onAlive }: StreamListener, closing: AbortSignal): Promise<void> {
  const name = nameOf((await strata.session.get()).key_id);
  if (closing.aborted) return;
  const others = new BroadcastChannel(name);
  closing.addEventListener('abort', () => others.close());
  others.onmessage = ({ data }: MessageEvent<Message>) => {
    onAlive();
    if ('event' in data) onEvent(data.event);
  };
  const read = async () => {
    const tell = (message: Message) => {
      if (!closing.aborted) others.postMessage(message);
    };
    const alive = () => {
      onAlive();
      tell({ alive: true });
    };
    for await (const event of strata.jobs.followAll({ signal: closing, onAlive: alive })) {
      onEvent(event);
      tell({ event });
    }
  };
  const { locks } = navigator as { locks?: LockManager };
  await (locks ? locks.request(name, { signal: closing }, read) : read());
}
