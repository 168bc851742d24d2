import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { int } from './column.js';
import { prepare } from './prepared.js';

/**
 * Nudges between processes. They carry no state: a process that misses a nudge finds the same by reading the
 * tables.
 * - `strata_dispatch`: tasks or jobs changed, and the dispatcher should look. Payload `ready`: tasks became
 *   claimable, and nothing else changed
 * - `strata_stop`: payload job id; workers should check their leases
 * - `strata_import`: an import was added or removed; workers should look
 * - `strata_profile`: a network should be profiled; workers should look
 * - `strata_gang`: a gang seeks members, one was found, or something became of one; workers should look
 * - `strata_evaluation`: an evaluation or a batch prediction was added or removed; workers should look
 * - `strata_event`: payload job id; the job has new events
 */
export const CHANNELS = [
  'strata_dispatch',
  'strata_stop',
  'strata_import',
  'strata_profile',
  'strata_gang',
  'strata_evaluation',
  'strata_event',
] as const;
export type Channel = (typeof CHANNELS)[number];

export interface Nudge {
  readonly channel: Channel;
  readonly payload: string;
}

/** Sends some nudges. @returns the others */
type Publish = (nudges: readonly Nudge[]) => readonly Nudge[];

/** Nudges of open transactions, sent after their commit. */
const ofTransactions = new WeakMap<object, Nudge[]>();

/** The nudges of an open transaction, to which more can be added; undefined outside of one. */
export function nudgesOf(tx: object): Nudge[] | undefined {
  return ofTransactions.get(tx);
}

/** Runs a transaction and sends its nudges after the commit. */
export async function withNudges<T>(
  nudges: Nudges,
  begin: (started: (tx: object) => void) => Promise<T>,
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
  #publish: Publish = (nudges) => nudges;

  /** @param pool of the process */
  constructor(readonly pool: pg.Pool) {}

  send(nudges: readonly Nudge[]): void {
    for (const nudge of nudges) this.#waiting.set(`${nudge.channel}/${nudge.payload}`, nudge);
    if (this.#waiting.size > 0) this.#sending ??= this.#sendAll();
  }

  /** Sends some nudges in another way, which wakes their readers alone. */
  sendBy(publish: Publish): void {
    this.#publish = publish;
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.size > 0) {
      const nudges = this.#publish([...this.#waiting.values()]);
      this.#waiting.clear();
      // A nudge that is lost delays what it is about until the next look.
      if (nudges.length > 0) await notifyAll(this, [JSON.stringify(nudges)]).catch(() => undefined);
      await delay(NUDGE_REST_MS);
    }
    this.#sending = null;
  }
}
