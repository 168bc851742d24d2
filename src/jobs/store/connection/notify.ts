import { Socket } from 'node:net';
import pg from 'pg';
import { directOf, type PostgresAddresses } from './addresses.js';
import type { Database, Transaction } from './database.js';
import { CHANNELS, type Channel, nudgesOf } from './nudges.js';
import { HEARD_MS, requireHeard } from './require-heard.js';
import { useUtc } from './session.js';

/**
 * Sends a nudge after the surrounding transaction has committed; at once if there is none. It is not part of the
 * transaction: transactions that notify commit one after another, each with its own write to disk, because Postgres
 * takes a lock. If this process dies between the two, the next look finds the change.
 */
export function notify(db: Database | Transaction, channel: Channel, payload = ''): void {
  const collected = nudgesOf(db);
  if (collected) collected.push({ channel, payload });
  else if ('nudges' in db) db.nudges.send([{ channel, payload }]);
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
 * @param heardMs time in which a first notification must arrive
 * @throws Error if the first connection fails, or if notifications do not arrive; nothing stays open then
 */
export async function listen(
  addresses: PostgresAddresses,
  handlers: NudgeHandlers,
  heardMs: number = HEARD_MS,
): Promise<Listener> {
  const channels = CHANNELS.filter((channel) => handlers[channel] !== undefined);
  const hear = (heard: string, payload: string): void => {
    for (const channel of channels) if (channel === heard) handlers[channel]?.(payload);
  };
  let closed = false;
  let client: pg.Client | null = null;
  let retry: NodeJS.Timeout | undefined;
  let socket = new Socket();
  let answered = true;
  let isProved = false;

  const connect = async (): Promise<void> => {
    const stream = new Socket();
    socket = stream;
    const next = new pg.Client({
      connectionString: directOf(addresses),
      application_name: LISTENER_NAME,
      // A process that starts does not start without it, however busy its machine is.
      connectionTimeoutMillis: isProved ? PING_MS : HEARD_MS,
      stream: () => stream,
    });
    next.on('error', () => undefined);
    next.on('end', reconnectLater);
    next.on('notification', ({ channel, payload = '' }) => hear(channel, payload));
    await next.connect();
    await useUtc(next);
    if (!isProved) await requireHeard(next, addresses.databaseUrl, heardMs);
    isProved = true;
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
