import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { text } from './column.js';
import type { Database, Queryable } from './database.js';
import { prepare } from './prepared.js';
import { useUtc } from './session.js';

/**
 * Nudges between processes. They carry no state: a process that misses a nudge finds the same by reading the
 * tables.
 * - `strata_dispatch`: tasks or jobs changed, and the dispatcher should look. Payload `ready`: tasks became
 *   claimable, and nothing else changed
 * - `strata_stop`: payload job id; workers should check their leases
 * - `strata_import`: an import was added or removed; workers should look
 * - `strata_profile`: a network should be profiled; workers should look
 * - `strata_event`: payload job id; the job has new events
 */
const CHANNELS = [
  'strata_dispatch',
  'strata_stop',
  'strata_import',
  'strata_profile',
  'strata_event',
] as const;
export type Channel = (typeof CHANNELS)[number];

/** Sent when the surrounding transaction commits. */
export async function notify(db: Queryable, channel: Channel, payload = ''): Promise<void> {
  await db.$executeRaw`SELECT pg_notify(${channel}, ${payload})`;
}

const notifyAlone = prepare('notify', { sent: text }, 'SELECT pg_notify($1, $2)::text AS sent');

/** Minimum time between frequent nudges, because each one makes a process read the tables. */
const NUDGE_REST_MS = 10;

/**
 * Sends nudges for changes that are already committed, and combines many of them. Transactions that notify commit
 * one after another, each with its own write to disk, because Postgres takes a lock. Transactions that occur in
 * large numbers therefore do not notify. If this process dies before the nudge, the next look finds the change.
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
/** A connection that only listens would never notice that it is dead, so it sends pings. */
const PING_MS = 5_000;

/** Handlers of nudges, by channel. */
export type NudgeHandlers = Readonly<Partial<Record<Channel, (payload: string) => void>>>;

/** The name of such connections in `pg_stat_activity`. */
export const LISTENER_NAME = 'strata-listen';

/**
 * Listens on one connection, whatever the number of channels, and reconnects for as long as it is open. Every handler
 * also runs after each connect, with an empty payload, since nudges may have been missed until then.
 * @throws Error if the first connection fails; nothing stays open then
 */
export async function listen(databaseUrl: string, handlers: NudgeHandlers): Promise<Listener> {
  const channels = CHANNELS.filter((channel) => handlers[channel] !== undefined);
  const hear = (heard: string, payload: string): void => {
    for (const channel of channels) if (channel === heard) handlers[channel]?.(payload);
  };
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
      application_name: LISTENER_NAME,
      connectionTimeoutMillis: PING_MS,
      stream: () => stream,
    });
    next.on('error', () => undefined);
    next.on('end', reconnectLater);
    next.on('notification', ({ channel, payload = '' }) => hear(channel, payload));
    await next.connect();
    await useUtc(next);
    await next.query(channels.map((channel) => `LISTEN ${channel}`).join(';'));
    client = next;
    answered = true;
    for (const channel of channels) hear(channel, '');
  };
  const reconnectLater = (): void => {
    if (closed || retry) return;
    retry = setTimeout(() => {
      retry = undefined;
      connect().catch(reconnectLater);
    }, RECONNECT_MS);
  };

  const ping = setInterval(() => {
    // The handler above notices the end and opens another connection.
    if (!answered) socket.destroy();
    answered = false;
    client?.query('SELECT 1').then(
      () => {
        answered = true;
      },
      () => undefined,
    );
  }, PING_MS);

  const close = (): void => {
    closed = true;
    clearInterval(ping);
    clearTimeout(retry);
    // Without a goodbye message, which a dead connection would never answer.
    socket.destroy();
  };
  try {
    await connect();
  } catch (error) {
    close();
    throw error;
  }
  return {
    async close() {
      close();
    },
  };
}
