import type { Transaction } from '../store/connection/database.js';
import { notify } from '../store/connection/notify.js';
import { appendEvents } from '../store/events.js';
import { type LockedJob, setJobState } from '../store/jobs.js';
import { settle } from './stop.js';

/** Pauses a locked job that is not stopping: its running tasks write a checkpoint and become ready again. */
export async function requestPause(tx: Transaction, job: LockedJob): Promise<void> {
  if (job.pausing) return;
  await tx.job.update({ where: { id: job.id }, data: { pauseRequestedAt: job.now } });
  notify(tx, 'strata_stop', job.id);
  await settle(tx, { ...job, pausing: true });
}

/**
 * Makes the tasks of a locked job claimable again. Tasks that are still writing their checkpoint finish that first.
 */
export async function resume(tx: Transaction, job: LockedJob): Promise<void> {
  if (!job.pausing) return;
  await tx.job.update({ where: { id: job.id }, data: { pauseRequestedAt: null } });
  const message = job.started ? 'the job resumes from its checkpoints' : 'the job is waiting for a worker';
  if (job.state === 'paused') await setJobState(tx, job, 'queued', { queuedAt: job.now });
  await appendEvents(tx, job.id, { type: 'job.resumed', message });
  notify(tx, 'strata_dispatch');
}
