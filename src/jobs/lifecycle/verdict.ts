import type { RetryClass } from '../../contract/errors.js';
import type { JobError } from '../../contract/job-error.js';
import { CHECKPOINT_INPUT } from '../../contract/trainer-protocol.js';
import { MAX_LOSSES, MAX_OUTAGES, outagePauseMs, RETRY_BACKOFF_MS } from '../process/limits.js';
import type { LockedJob } from '../store/jobs.js';
import type { Producer, RunningTask } from '../store/tasks.js';
import { describe } from './task-events.js';

/** End of an attempt without a result. */
export type BadEnd =
  | {
      readonly kind: 'failed';
      readonly error: JobError;
      readonly retry: RetryClass;
      /** The input that could not be read, where that is why and known. */
      readonly input: string | null;
    }
  /** It was handed back unharmed, as a stopping worker does: not counted as a failure. */
  | { readonly kind: 'released' };

/** Numbers of attempts of a task that failed or were lost. */
export interface Counts {
  readonly failures: number;
  readonly losses: number;
  /** Outages of its host, in a row. */
  readonly outages: number;
}

/** Decision about the task. */
export type Verdict =
  | { readonly to: 'cancelled' }
  | { readonly to: 'failed'; readonly counts: Counts; readonly error: JobError }
  | {
      readonly to: 'ready';
      readonly counts: Counts;
      readonly error?: JobError;
      /** Description of the event, without the name of the task. */
      readonly message: string;
      /** Before the next attempt. */
      readonly waitMs: number;
      /** The checkpoint cannot be read: the next attempt begins at the task's beginning. */
      readonly dropCheckpoint: boolean;
      /** Another task makes an input again, which this one waits for. */
      readonly remake?: { readonly maker: Producer; readonly counts: Counts; readonly error: JobError };
    };

type Job = Pick<LockedJob, 'stopAs' | 'pausing' | 'maxAttempts'>;

/**
 * The one place that says what follows when an attempt ends without a result. The first rule that fits:
 * 1. Its job is stopping: the task is cancelled, whatever went wrong.
 * 2. It was handed back: it is ready again, unharmed.
 * 3. It could not read an input that another task made: that task makes it again, unless it was made again meanwhile.
 *    The same work makes the same bytes, so nothing else changes.
 * 4. Its host had no disk or no memory: it is ready again after a pause that grows, for about a day. Nothing is counted
 *    against it, since the next task would have met the same.
 * 5. It failed for a passing reason, or was lost, within the bounds of both: it is ready again after a pause.
 * 6. Otherwise its job fails with the attempt's error.
 * @param maker the task that made the input which could not be read; null where there is none
 */
export function verdictOn(job: Job, task: RunningTask, end: BadEnd, maker: Producer | null): Verdict {
  if (job.stopAs !== null) return { to: 'cancelled' };
  if (end.kind === 'released') return handedBack(job, task);
  if (maker !== null) return afterUnreadableInput(job, task, end, maker);
  if (end.retry === 'wait') return afterOutage(task, end);
  return afterFailure(job, task, end);
}

const countsOf = ({ failures, losses, outages }: Counts): Counts => ({ failures, losses, outages });
const isWithinBounds = (job: Job, { failures, losses }: Omit<Counts, 'outages'>): boolean =>
  failures < job.maxAttempts && losses < MAX_LOSSES;

function handedBack(job: Job, task: RunningTask): Verdict {
  const by = job.pausing ? 'because its job is being paused' : 'by a stopping worker';
  const message = `was handed back ${by}`;
  return { to: 'ready', counts: countsOf(task), message, waitMs: 0, dropCheckpoint: false };
}

type Failed = Extract<BadEnd, { kind: 'failed' }>;

function afterUnreadableInput(
  job: Job,
  task: RunningTask,
  { error, input }: Failed,
  maker: Producer,
): Verdict {
  const counts = countsOf(task);
  const message = `will be retried after ${describe(maker)} has made its ${input} again: ${error.message}`;
  const again = { to: 'ready', counts, error, message, waitMs: 0, dropCheckpoint: false } as const;
  // Another reader was quicker: the input is being made again, or was since this attempt read it.
  if (maker.state !== 'succeeded' || maker.remade) return again;
  const makerCounts = countUnreadable(maker, error);
  // Storage that damages again and again must not keep a job at work for ever.
  if (!isWithinBounds(job, makerCounts)) return { to: 'failed', counts, error };
  return { ...again, remake: { maker, counts: makerCounts, error } };
}

/** Bytes that are gone may have been cleared away, which is no failure of the task that made them. */
function countUnreadable(counts: Counts, { code }: JobError): Counts {
  const { failures, losses, outages } = counts;
  return code === 'blob_missing'
    ? { failures, losses: losses + 1, outages }
    : { failures: failures + 1, losses, outages };
}

function afterOutage(task: RunningTask, { error }: Failed): Verdict {
  const counts = { ...countsOf(task), outages: task.outages + 1 };
  if (counts.outages > MAX_OUTAGES) return { to: 'failed', counts, error };
  const waitMs = outagePauseMs(counts.outages);
  const message = `waits ${waitMs / 1000} s for its host: ${error.message}`;
  return { to: 'ready', counts, error, message, waitMs, dropCheckpoint: false };
}

const UNREADABLE = ['blob_missing', 'blob_corrupt'];

function afterFailure(
  job: Job,
  { failures, losses, outages }: RunningTask,
  { error, retry, input }: Failed,
): Verdict {
  const counts =
    retry === 'uncounted'
      ? { failures, losses: losses + 1, outages }
      : { failures: failures + 1, losses, outages: 0 };
  if (retry === 'fatal' || !isWithinBounds(job, counts)) return { to: 'failed', counts, error };
  return {
    to: 'ready',
    counts,
    error,
    message: `will be retried: ${error.message}`,
    waitMs: RETRY_BACKOFF_MS * 2 ** Math.max(0, counts.failures - 1),
    // If the unreadable input is unknown, it may have been the checkpoint.
    dropCheckpoint: UNREADABLE.includes(error.code) && (input ?? CHECKPOINT_INPUT) === CHECKPOINT_INPUT,
  };
}
