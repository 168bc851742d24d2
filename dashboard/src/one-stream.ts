import type { TenantEvent } from '../../client/src/index.js';
import { savedKey, strata } from './server.js';

/** What the tab that holds the stream tells the others. */
type Message = { readonly event: TenantEvent } | { readonly alive: true };

export interface StreamListener {
  onEvent(event: TenantEvent): void;
  /** The server has sent something. */
  onAlive(): void;
}

/** Tabs with different keys may belong to different tenants. The second part of a key is its id. */
const nameOf = (key: string | null) => `strata-events ${key?.split('_')[1] ?? ''}`;

/**
 * Events of all jobs for every visible tab of this browser, over one connection: browsers allow six to a server over
 * HTTP/1.1. The visible tab that holds the lock reads the stream and tells the others; when it is hidden or closed, the
 * next one takes over. Where the page has no locks (http on another host), each tab reads a stream of its own.
 */
export function listenToEvents({ onEvent, onAlive }: StreamListener): () => void {
  const closing = new AbortController();
  const name = nameOf(savedKey());
  const others = new BroadcastChannel(name);
  others.onmessage = ({ data }: MessageEvent<Message>) => {
    onAlive();
    if ('event' in data) onEvent(data.event);
  };
  const read = async () => {
    const tell = (message: Message) => {
      if (!closing.signal.aborted) others.postMessage(message);
    };
    const alive = () => {
      onAlive();
      tell({ alive: true });
    };
    for await (const event of strata.jobs.followAll({ signal: closing.signal, onAlive: alive })) {
      onEvent(event);
      tell({ event });
    }
  };
  const { locks } = navigator as { locks?: LockManager };
  const reading = locks ? locks.request(name, { signal: closing.signal }, read) : read();
  // The queries show why the server cannot be read.
  reading.catch(() => undefined);
  return () => {
    closing.abort();
    others.close();
  };
}
