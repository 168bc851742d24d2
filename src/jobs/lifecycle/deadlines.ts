import type { Database } from '../store/connection/database.js';
import type { Overdue } from '../store/due-jobs.js';
import { lockJob } from '../store/jobs.js';
import { requestStop } from './stop.js';

const MESSAGES: Record<Overdue['limit'], (seconds: number) => string> = {
  max_runtime: (seconds) => `the job ran for longer than its max_runtime_s of ${seconds}`,
  max_pending: (seconds) => `the job waited for longer than its max_pending_s of ${seconds}`,
};

/** Fails a job that is over a limit of its spec. */
export async function failOverdue(db: Database, { id, limit, seconds }: Overdue): Promise<void> {
  await db.$transaction(async (tx) => {
    const job = await lockJob(tx, id);
    // The job was claimed or paused since the read, so the limit does not apply any more.
    const holds = limit === 'max_pending' ? job?.state === 'queued' : job?.state !== 'paused';
    if (job === null || !holds) return;
    const at = { stage: null, step: null, tensor: null };
    const error = { code: `${limit}_exceeded`, message: MESSAGES[limit](seconds), ...at };
    await requestStop(tx, job, { as: 'failed', now: true, error });
  });
}
