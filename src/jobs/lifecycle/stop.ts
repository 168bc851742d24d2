import type { JobError } from '../../contract/job-error.js';
import { isTerminal } from '../../contract/states.js';
import type { ArtifactOutput } from '../../contract/trainer-protocol.js';
import { insertArtifacts } from '../store/artifacts.js';
import { findCheckpoints } from '../store/checkpoints.js';
import { type Transaction, toJson } from '../store/connection/database.js';
import { notify } from '../store/connection/notify.js';
import { appendEvents, type NewEvent } from '../store/events.js';
import { type LockedJob, type StopAs, setJobState, stopClock } from '../store/jobs.js';
import { KEPT_CHECKPOINTS } from '../store/kept-weights.js';
import type { JobChanges } from '../store/rows.js';
import { cancelOpenTasks, countRunning } from '../store/tasks.js';

export type Stop =
  | { readonly as: 'cancelled'; readonly now: boolean }
  | { readonly as: 'failed'; readonly now: true; readonly error: JobError };

/**
 * Stops a locked job. None of its tasks is claimed any more. With `now`, running tasks are killed. Otherwise they
 * write a checkpoint and end; workers do this when the nudge arrives, or at their next heartbeat. The job ends when
 * none of its tasks runs. The first reason to stop is kept; a later request can only make the stop immediate.
 */
export async function requestStop(tx: Transaction, job: LockedJob, stop: Stop): Promise<LockedJob> {
  if (isTerminal('job', job.state)) return job;
  const reason = job.stopAs === null ? reasonColumns(stop, job.now) : {};
  await tx.job.update({ where: { id: job.id }, data: { ...reason, ...(stop.now && { stopNow: true }) } });
  notify(tx, 'strata_stop', job.id);
  return settle(tx, { ...job, stopAs: job.stopAs ?? stop.as });
}

function reasonColumns(stop: Stop, now: Date): JobChanges {
  return stop.as === 'failed'
    ? { stopAs: stop.as, error: toJson(stop.error) }
    : { stopAs: stop.as, cancelRequestedAt: now };
}

/**
 * Ends or pauses a locked job that is stopping or pausing, once none of its tasks runs. At that point every trainer
 * is known to have ended.
 */
export async function settle(tx: Transaction, job: LockedJob): Promise<LockedJob> {
  if ((job.stopAs === null && !job.pausing) || isTerminal('job', job.state)) return job;
  if ((await countRunning(tx, job.id)) > 0) return job;
  return job.stopAs === null ? pauseNow(tx, job) : endNow(tx, { ...job, stopAs: job.stopAs });
}

async function pauseNow(tx: Transaction, job: LockedJob): Promise<LockedJob> {
  if (job.state === 'paused') return job;
  const paused = await setJobState(tx, job, 'paused');
  await stopClock(tx, job.id);
  await appendEvents(tx, job.id, { type: 'job.paused', message: 'the job is paused' });
  return paused;
}

async function endNow(tx: Transaction, job: LockedJob & { readonly stopAs: StopAs }): Promise<LockedJob> {
  if (job.stopAs === 'cancelled') await publishCheckpoints(tx, job.id);
  await cancelOpenTasks(tx, job);
  const ended = await setJobState(tx, job, job.stopAs);
  await appendEvents(tx, job.id, await lastEvent(tx, job.id, job.stopAs));
  return ended;
}

/** Checkpoints of a cancelled job become artifacts, so that they can be downloaded. */
async function publishCheckpoints(tx: Transaction, jobId: string): Promise<void> {
  const checkpoints = await findCheckpoints(tx, jobId);
  const artifacts = checkpoints.map(({ key, uri, sizeBytes }): ArtifactOutput => {
    const name = `${KEPT_CHECKPOINTS}${key}.safetensors`;
    return { name, kind: 'weights', media_type: 'application/octet-stream', uri, size_bytes: sizeBytes };
  });
  await insertArtifacts(tx, jobId, artifacts);
}

async function lastEvent(tx: Transaction, jobId: string, stopAs: StopAs): Promise<NewEvent> {
  if (stopAs === 'cancelled') return { type: 'job.cancelled', message: 'the job was cancelled' };
  const { error } = await tx.job.findUniqueOrThrow({ where: { id: jobId }, select: { error: true } });
  if (error === null) throw new Error(`the job ${jobId} fails without an error`);
  return { type: 'job.failed', level: 'error', message: error.message, data: { ...error } };
}
