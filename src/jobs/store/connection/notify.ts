import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Database, Queryable } from './database.js';
import { prepare } from './prepared.js';
import { useUtc } from './session.js';

/**
 * Nudges between processes. They carry no truth: whoever misses one finds the same by looking at the tables.
 * - `strata_dispatch`: tasks or jobs changed; the dispatcher should look. Payload `ready`: nothing but that tasks can be claimed
 * - `strata_stop`: payload job id; workers should look at their leases
 * - `strata_import`: a dataset is to be imported, or not any more; workers should look
 * - `strata_profile`: a network is to be profiled; workers should look
 * - `strata_event`: payload job id; its events grew
 */
export type Channel = 'strata_dispatch' | 'strata_stop' | 'strata_import' | 'strata_profile' | 'strata_event';

/** Sent when the surrounding transaction commits. */
export async function notify(db: Queryable, channel: Channel, payload = ''): Promise<void> {
  await db.$executeRaw`SELECT pg_notify(${channel}, ${payload})`;
}

const notifyAlone = prepare('notify', 'SELECT pg_notify($1, $2)');

/** Between nudges for what comes in a flood: one leads to a look at everything. */
const NUDGE_REST_MS = 10;

/**
 * The same for what is already committed, and for many at once. Transactions that notify commit one after another, each with
 * a write to disk of its own (Postgres takes a lock for it): those who must be many at a time do not. Whoever misses such a
 * nudge, since this process died before it, finds the same at its next look.
 */
export function nudgeAfter(db: Database, channel: Channel): () => void {
  let wanted = false;
  let running = false;
  const run = async () => {
    running = true;
    while (wanted) {
      wanted = false;
      await notifyAlone(db, [channel, '']).catch(() => undefined);
      await delay(NUDGE_REST_MS);
    }
    running = false;
  };
  return () => {
    wanted = true;
    if (!running) void run();
  };
}

export interface Listener {
  close(): Promise<void>;
}

const RECONNECT_MS = 1_000;
/** A connection that only listens would never find out that nothing comes through any more. */
const PING_MS = 5_000;

/**
 * Listens on a connection of its own and reconnects for as long as it is open. `onNudge` also runs after every
 * connect, since nudges may have been missed until then.
 */
export async function listen(
  databaseUrl: string,
  channel: Channel,
  onNudge: (payload: string) => void,
): Promise<Listener> {
  let closed = false;
  let client: pg.Client | null = null;
  let retry: NodeJS.Timeout | undefined;
  let socket = new Socket();
  let answered = true;

  const connect = async (): Promise<void> => {
    const stream = new Socket();
    socket = stream;
    const next = new pg.Client({
      connectionString: databaseUrl,
      application_name: channel,
      connectionTimeoutMillis: PING_MS,
      stream: () => stream,
    });
    next.on('error', () => undefined);
    next.on('end', reconnectLater);
    next.on('notification', (message) => onNudge(message.payload ?? ''));
    await next.connect();
    await useUtc(next);
    await next.query(`LISTEN ${channel}`);
    client = next;
    answered = true;
    onNudge('');
  };
  const reconnectLater = (): void => {
    if (closed || retry) return;
    retry = setTimeout(() => {
      retry = undefined;
      connect().catch(reconnectLater);
    }, RECONNECT_MS);
  };

  const ping = setInterval(() => {
    // Its end is heard above, and followed by another connection.
    if (!answered) socket.destroy();
    answered = false;
    client?.query('SELECT 1').then(
      () => {
        answered = true;
      },
      () => undefined,
    );
  }, PING_MS);

  await connect();
  return {
    async close() {
      closed = true;
      clearInterval(ping);
      clearTimeout(retry);
      // Without a farewell, which a dead connection would never answer.
      socket.destroy();
    },
  };
}
