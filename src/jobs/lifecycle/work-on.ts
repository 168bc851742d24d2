import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../contract/message-of.js';
import { type OutageCode, outageOf } from '../../contract/outages.js';
import type { Log } from '../process/process.js';
import { isUnavailable } from '../store/connection/unavailable.js';
import type { Lease } from '../store/leases.js';
import type { Held, Leases } from './held-leases.js';

export interface Unforeseen {
  readonly code: OutageCode | 'internal';
  readonly message: string;
}

export interface Work {
  readonly lease: Lease;
  readonly leases: Leases;
  /** Name of the work in the log. */
  readonly about: Readonly<Record<string, unknown>>;
  readonly log: Log;
  readonly onWish?: Held['onWish'];
  /** Does the work and records its end. The signal says that the claim is lost, so nothing can be recorded any more. */
  run(lost: AbortSignal): Promise<unknown>;
  /** Ends this attempt with what `run` threw, as an outage of the host or as `internal`. */
  fail(error: Unforeseen): Promise<unknown>;
}

/**
 * Works on a claimed row while its lease is kept. Whatever the work throws ends this attempt: otherwise the row would stay
 * taken until its lease is over, again and again, and nobody would read why.
 */
export async function workOn(work: Work): Promise<void> {
  const { lease, leases, about, log, onWish } = work;
  const lost = new AbortController();
  const release = leases.hold({ lease, ...(onWish && { onWish }), onLost: () => lost.abort() });
  try {
    await work.run(lost.signal);
  } catch (error) {
    if (lost.signal.aborted) return;
    log.error({ ...about, err: error }, 'the attempt failed for a reason that is not foreseen');
    const message = messageOf(error);
    await untilAvailable(() => work.fail({ code: outageOf(error) ?? 'internal', message }));
  } finally {
    release();
  }
}

const RETRY_MS = 250;

/**
 * Records a result, again and again while Postgres is away: what is to be recorded cost more than the wait. If it comes too
 * late, the fence knows.
 */
export async function untilAvailable<T>(record: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await record();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      await delay(RETRY_MS);
    }
  }
}
