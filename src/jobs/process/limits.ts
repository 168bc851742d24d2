/** A worker that has not renewed its lease for this long has lost its tasks. */
export const LEASE_MS = 6_000;
export const HEARTBEAT_MS = 1_500;
/** Attempts of one task that may fail before its job fails, where its spec is older than the field. */
export const MAX_ATTEMPTS = 5;
/** Attempts of one task that may be lost with their worker without a new checkpoint before its job fails. */
export const MAX_LOSSES = 10;
/** A trainer that was asked to stop and has not made its checkpoint after this long is killed. */
export const YIELD_MS = 20_000;
/** Outages of its host that a task waits out in a row, without a checkpoint between: about a day of pauses. */
export const MAX_OUTAGES = 300;
const FIRST_OUTAGE_MS = 1_000;
const LONGEST_OUTAGE_MS = 300_000;

/** Pause after that many outages in a row: a disk that is full fills again at once if everybody returns to it at once. */
export function outagePauseMs(outages: number): number {
  return Math.min(LONGEST_OUTAGE_MS, FIRST_OUTAGE_MS * 2 ** (outages - 1));
}

/** Wait before a failed task's next attempt: doubled with each failure. */
export const RETRY_BACKOFF_MS = 250;
/** A worker looks for datasets to import this often even if nobody nudges it. */
export const IMPORT_LOOK_MS = 2_000;
/** URLs that one worker fetches side by side: a slow one must not hold up the others. */
export const FETCHES_AT_ONCE = 8;
/** The same for networks to profile. */
export const PROFILE_LOOK_MS = 2_000;
/** Attempts of an import, a profile or a delivery that may be lost with their process before it is given up. */
export const MAX_CLAIM_LOSSES = 3;
/** A profile that no device has taken after so long fails. */
export const PROFILE_WAIT_HOURS = 24;
/** A slot is given to a profile for at most this long: it is no job. */
export const LONGEST_PROFILE_MS = 900_000;
/** A younger profile is used as it is; an older one is deleted. */
export const PROFILE_KEPT_DAYS = 7;
export const MAX_PROFILES_PER_TENANT = 1_000;
/** The dispatcher looks at everything this often even if nobody nudges it. */
export const RECONCILE_MS = 500;
/** A process that was told to stop and has not come to its end after this long leaves: service managers kill after 30 s. */
export const STOP_MS = 27_000;
/** A statement of Postgres may take this long; its transaction may not take longer either. */
export const STATEMENT_MS = 30_000;
/** One of a worker, which can do little without Postgres: it must find out soon that a connection is dead. */
export const WORKER_STATEMENT_MS = 8_000;
/** One that tidies up tables of any size. */
export const HOUSEKEEPING_STATEMENT_MS = 600_000;
/** Hints on the queue at once; more would wake nobody sooner, and the next look adds some. */
export const MAX_HINTS = 500;
/** Clocks of hosts may be apart by less than this, or garbage collection would take fresh blobs for old ones. */
export const GARBAGE_GRACE_MS = 600_000;
export const IDEMPOTENCY_KEPT_HOURS = 24;
/** A worker silent for this long counts as gone; its row is deleted. */
export const WORKER_GONE_MS = 15_000;
/** Metrics and progress are written together this often, off the training loop. */
export const FLUSH_MS = 500;
/** Each event is one more row to write for every webhook. */
export const MAX_WEBHOOKS_PER_TENANT = 20;
export const MAX_DATASETS_PER_TENANT = 1_000;
export const DELIVERY_KEPT_DAYS = 30;
/** Workers and dispatchers store what they have counted this often. */
export const METRICS_MS = 5_000;
/** Predictions that one worker answers at once: while one is computed, another is decoded. */
export const PREDICTIONS_AT_ONCE = 2;
/** A predictor that takes longer over one hangs. */
export const SLOWEST_PREDICTION_MS = 20_000;
/** How long the API waits for an answer, its turn included. */
export const PREDICTION_DEADLINE_MS = 30_000;
/** Predictions that may wait for a worker, all together: their images lie in Redis. */
export const MAX_WAITING_PREDICTIONS = 16;
/** Of its spec and of those asked for later together. */
export const MAX_TRACKERS_PER_JOB = 8;

/**
 * A connection to Redis that answers nothing for so long is replaced: nobody tells us when the other end is gone.
 * Longer than the longest blocking command, BullMQ's 10 s.
 */
export const REDIS_SILENCE_MS = 15_000;
