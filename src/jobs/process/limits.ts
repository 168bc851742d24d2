/** A worker that has not renewed its lease for this long has lost its tasks. */
export const LEASE_MS = 6_000;
export const HEARTBEAT_MS = 1_500;
/** Reports of all workers together that Postgres takes in a second: where there are many workers, each reports less often. */
const REPORTS_PER_SECOND = 100;
/** Three reports may be missed before the worker counts as gone (`WORKER_GONE_MS`). */
const MAX_REPORT_MS = 5_000;

/**
 * Interval at which each of so many workers reports, and asks for datasets to import, networks to profile and parts of
 * evaluations, of which a nudge tells it at once.
 */
export function reportIntervalFor(workers: number): number {
  return Math.min(MAX_REPORT_MS, Math.max(HEARTBEAT_MS, (1000 / REPORTS_PER_SECOND) * workers));
}

/** A lease grows with the duration of renewals up to this limit. A later end means that the clock was set back. */
export const MAX_LEASE_MS = 60_000;
/** Number of renewals that fit into a lease, however long they take. */
const RENEWALS_PER_LEASE = 4;

/** Length of a lease if a renewal has lately taken up to `roundTripMs`. */
export function leaseFor(roundTripMs: number): number {
  return Math.min(MAX_LEASE_MS, Math.max(LEASE_MS, RENEWALS_PER_LEASE * roundTripMs));
}

/** Maximum number of failed attempts of an import. */
export const MAX_IMPORT_ATTEMPTS = 5;
/**
 * Maximum number of attempts of a task that are lost with their worker without a new checkpoint. Then the job
 * fails.
 */
export const MAX_LOSSES = 10;
/** A trainer that was asked to stop is killed if it has no checkpoint after this time. */
export const YIELD_MS = 20_000;
/** Outages of its host that a task waits out in a row, without a checkpoint between: about a day of pauses. */
export const MAX_OUTAGES = 300;
const FIRST_OUTAGE_MS = 1_000;
const MAX_OUTAGE_MS = 300_000;

/** Pause after that many outages in a row: a disk that is full fills again at once if everybody returns to it at once. */
export function outagePauseMs(outages: number): number {
  return Math.min(MAX_OUTAGE_MS, FIRST_OUTAGE_MS * 2 ** (outages - 1));
}

/** Pause before the next attempt of a failed task. It doubles with each failure. */
export const RETRY_BACKOFF_MS = 250;
/** URLs that one worker fetches side by side: a slow one must not hold up the others. */
export const FETCHES_AT_ONCE = 8;
/** Attempts of an import, a profile or a delivery that may be lost with their process before it is given up. */
export const MAX_CLAIM_LOSSES = 3;
/** A profile that no device has taken after so long fails. */
export const PROFILE_WAIT_HOURS = 24;
/** A slot is given to a profile for at most this long: it is no job. */
export const MAX_PROFILE_MS = 900_000;
/** A younger profile is used unchanged; an older one is deleted. */
export const PROFILE_KEPT_DAYS = 7;
export const MAX_PROFILES_PER_TENANT = 1_000;
/** A worker looks for seats in gangs, and for what became of those of its own gangs, at this interval, even without a nudge. */
export const GANG_LOOK_MS = 1_000;
/** A gang waits for slots of other workers for at most this long. It begins without those that do not come. */
export const GATHER_MS = 1_000;
/** Images of one part of an evaluation or of a batch prediction: some seconds of work, all that a killed worker loses. */
export const IMAGES_PER_PART = 1_000;
/** Images times classes of one evaluation: their probabilities must fit into memory at once (256 MB). */
export const MAX_EVALUATED_PROBABILITIES = 2 ** 26;
export const MAX_EVALUATIONS_PER_TENANT = 10_000;
/** Each keeps its result. */
export const MAX_BATCH_PREDICTIONS_PER_TENANT = 1_000;
/** Maximum number of failed attempts of a part of an evaluation or of a batch prediction. */
export const MAX_PART_ATTEMPTS = 3;
/** The dispatcher reads the tables at this interval, even without a nudge. */
export const RECONCILE_MS = 500;
/** A process that is still stopping after this time exits. Service managers kill after 30 s. */
export const STOP_MS = 27_000;
/** Maximum time of a Postgres statement, and of a pause within its transaction. */
export const STATEMENT_MS = 30_000;
/** The same for workers. A worker can do little without Postgres, so it must detect a dead connection soon. */
export const WORKER_STATEMENT_MS = 8_000;
/** The same for statements that clean up tables of any size. */
export const HOUSEKEEPING_STATEMENT_MS = 600_000;
/** A slot at work looks at this interval for what its next task reads. */
export const AHEAD_LOOK_MS = 2_000;
/** Share of a worker's cache that inputs of next tasks may take: the rest is for the tasks that run. */
export const AHEAD_SHARE = 0.25;
/** Minimum time between two looks for tasks to offer while so many messages wait that no slot can be idle. */
export const BUSY_OFFERS_MS = 100;
/** Tasks that are offered even if every slot is busy, because the number of idle slots may be out of date. */
export const MIN_OFFERS = 10;
/** Garbage collection deletes no file while the clocks of Postgres and of the blob store differ by more. */
export const MAX_CLOCK_SKEW_MS = 60_000;
/** A file that was touched within this time, by its own clock or by that of Postgres, is not deleted. */
export const GARBAGE_GRACE_MS = 600_000;
export const IDEMPOTENCY_KEPT_HOURS = 24;
/** A worker silent for this long counts as gone; its row is deleted. */
export const WORKER_GONE_MS = 15_000;
/** Interval for writing metrics and progress together, outside the training loop. */
export const FLUSH_MS = 500;
/** Each event adds one row per webhook. */
export const MAX_WEBHOOKS_PER_TENANT = 20;
export const MAX_DATASETS_PER_TENANT = 1_000;
/** Sweeps that have not ended: each is looked at again and again. */
export const MAX_OPEN_SWEEPS_PER_TENANT = 50;
export const MAX_WEIGHTS_PER_TENANT = 1_000;
/** A file of weights from a URL must be there after this time: the request waits for it. */
export const WEIGHTS_FETCH_MS = 300_000;
/** Fetches of weights at a time in an API process, one a tenant. */
export const MAX_WEIGHTS_FETCHES = 4;
export const DELIVERY_KEPT_DAYS = 30;
/** Interval at which workers and dispatchers store their metrics; longer by the factor of the reports where there are many. */
export const METRICS_MS = 5_000;
/** Reports after which a worker looks how many workers there are, and whether any is on another host. */
export const REPORTS_PER_FLEET_LOOK = 10;
/** Predictions of one tenant that a worker handles at once: one is computed while another is decoded. */
export const TENANT_PREDICTIONS_AT_ONCE = 2;
/** The same of all tenants: one place is always left for another tenant. */
export const PREDICTIONS_AT_ONCE = 3;
/** A predictor that takes longer for one prediction is considered hung. */
export const SLOWEST_PREDICTION_MS = 20_000;
/** Maximum time that the API waits for a prediction, including the queue. */
export const PREDICTION_DEADLINE_MS = 30_000;
/**
 * Maximum number of waiting predictions in total. Their images are stored in Redis. A tenant may fill half of what the
 * others leave free: 16 if no other tenant asks.
 */
export const MAX_WAITING_PREDICTIONS = 32;
/** Pause between two parts of a running job that are sent to its tracker. */
export const TRACKER_PART_MS = 10_000;
/** Pause after a part that did not arrive. */
export const TRACKER_PART_RETRY_MS = 60_000;
/** Trackers from the spec and trackers added later. */
export const MAX_TRACKERS_PER_JOB = 8;
/** Addresses to which a model is pushed. */
export const MAX_PUSHES_PER_MODEL = 16;

/**
 * A Redis connection without a response for this long is replaced, because a lost peer is not reported. It is
 * longer than the longest blocking command, BullMQ's 10 s.
 */
export const REDIS_SILENCE_MS = 15_000;
