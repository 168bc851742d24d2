import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { int } from './column.js';
import type { Database, Queryable, Transaction } from './database.js';
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

export interface Nudge {
  readonly channel: Channel;
  readonly payload: string;
}

/** Nudges of open transactions, sent after their commit. */
const ofTransactions = new WeakMap<Queryable, Nudge[]>();

/**
 * Sends a nudge after the surrounding transaction has committed; at once if there is none. It is not part of the
 * transaction: transactions that notify commit one after another, each with its own write to disk, because Postgres
 * takes a lock. If this process dies between the two, the next look finds the change.
 */
export function notify(db: Database | Transaction, channel: Channel, payload = ''): void {
  const collected = ofTransactions.get(db);
  if (collected) collected.push({ channel, payload });
  else if ('nudges' in db) db.nudges.send([{ channel, payload }]);
}

/** Runs a transaction and sends its nudges after the commit. */
export async function withNudges<T>(
  nudges: Nudges,
  begin: (started: (tx: Transaction) => void) => Promise<T>,
): Promise<T> {
  const collected: Nudge[] = [];
  const result = await begin((tx) => void ofTransactions.set(tx, collected));
  nudges.send(collected);
  return result;
}

// A crash of Postgres right after it costs a nudge, so it does not wait for the disk.
const SEND = `SELECT count(pg_notify(channel, payload))::int AS sent
  FROM jsonb_to_recordset($1::jsonb) AS nudge (channel text, payload text),
    set_config('synchronous_commit', 'off', true) AS disk
  WHERE disk = 'off'`;
const notifyAll = prepare('notify', { sent: int }, SEND);

/** Minimum time between two statements, because each one wakes every process that listens. */
const NUDGE_REST_MS = 10;

/** Sends the nudges of a process. Equal ones that wait are sent once, and all that wait with one statement. */
export class Nudges {
  readonly #waiting = new Map<string, Nudge>();
  #sending: Promise<void> | null = null;

  #publishEvents: ((jobIds: readonly string[]) => void) | null = null;

  /** @param pool of the process */
  constructor(readonly pool: pg.Pool) {}

  send(nudges: readonly Nudge[]): void {
    for (const nudge of nudges) this.#waiting.set(`${nudge.channel}/${nudge.payload}`, nudge);
    if (this.#waiting.size > 0) this.#sending ??= this.#sendAll();
  }

  /** Sends the nudges of `strata_event` in another way, which wakes their readers alone. */
  sendEventsBy(publish: (jobIds: readonly string[]) => void): void {
    this.#publishEvents = publish;
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.size > 0) {
      const nudges = this.#published([...this.#waiting.values()]);
      this.#waiting.clear();
      // A nudge that is lost delays what it is about until the next look.
      if (nudges.length > 0) await notifyAll(this, [JSON.stringify(nudges)]).catch(() => undefined);
      await delay(NUDGE_REST_MS);
    }
    this.#sending = null;
  }

  /** Publishes those about events, if there is a way. @returns the others */
  #published(nudges: readonly Nudge[]): readonly Nudge[] {
    if (this.#publishEvents === null) return nudges;
    const isEvent = ({ channel }: Nudge) => channel === 'strata_event';
    const jobIds = nudges.filter(isEvent).map(({ payload }) => payload);
    if (jobIds.length > 0) this.#publishEvents(jobIds);
    return nudges.filter((nudge) => !isEvent(nudge));
  }
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
