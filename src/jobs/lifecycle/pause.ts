import type { Transaction } from '../store/connection/database.js';
import { notify } from '../store/connection/notify.js';
import { appendEvents } from '../store/events.js';
import { type LockedJob, setJobState } from '../store/jobs.js';
import { settle } from './stop.js';

/** Asks a locked job that is not to stop to pause: its running tasks make a checkpoint and go back to ready. */
export async function requestPause(tx: Transaction, job: LockedJob): Promise<void> {
  if (job.pausing) return;
  await tx.job.update({ where: { id: job.id }, data: { pauseRequestedAt: job.now } });
  await notify(tx, 'strata_stop', job.id);
  await settle(tx, { ...job, pausing: true });
}

/** Lets a locked job's tasks be claimed again. Tasks that are still about to yield do so first. */
export async function resume(tx: Transaction, job: LockedJob): Promise<void> {
  if (!job.pausing) return;
  await tx.job.update({ where: { id: job.id }, data: { pauseRequestedAt: null } });
  const message = job.started ? 'the job goes on from its checkpoints' : 'the job waits for a worker';
  if (job.state === 'paused') await setJobState(tx, job, 'queued', { queuedAt: job.now });
  await appendEvents(tx, job.id, { type: 'job.resumed', message });
  await notify(tx, 'strata_dispatch');
}
