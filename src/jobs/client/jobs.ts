import { StrataError } from '../../contract/errors.js';
import type { components } from '../../contract/generated/openapi.js';
import type { Job, JobsClient } from '../../contract/jobs-client.js';
import { isTerminal } from '../../contract/states.js';
import { requestPause, resume } from '../lifecycle/pause.js';
import { requestStop } from '../lifecycle/stop.js';
import type { Database, Transaction } from '../store/database.js';
import { findJob, findJobs, type LockedJob, progressOf, queuePosition } from '../store/jobs.js';
import type { Job as JobRow } from '../store/rows.js';
import { findWorkers } from '../store/workers.js';
import { toJob } from '../wire/job.js';
import { pageOf } from '../wire/parts.js';
import { createJob } from './create-job.js';
import { lockOwnJob, notFound } from './own.js';

type JobMethods = Pick<
  JobsClient,
  'createJob' | 'getJob' | 'listJobs' | 'cancelJob' | 'pauseJob' | 'resumeJob'
>;

export function jobMethods(db: Database, tenant: string): JobMethods {
  const getJob = async (id: string): Promise<Job | null> => {
    const row = await findJob(db, tenant, id);
    return row && readJob(db, row);
  };
  return {
    getJob,
    async createJob(spec, options) {
      const { row, replayed } = await createJob(db, tenant, spec, options);
      return { job: await readJob(db, row), replayed };
    },
    async listJobs({ after, limit, state, metadata }) {
      const filter = { tenant, after: after ?? null, state: state ?? null, metadata: metadata ?? {} };
      const page = pageOf(await findJobs(db, { ...filter, limit: limit + 1 }), limit, (row) => row.id);
      return { ...page, data: await readJobs(db, page.data) };
    },
    async cancelJob(id, { force }) {
      await cancel(db, tenant, id, force);
      return (await getJob(id)) ?? notFound(id);
    },
    async pauseJob(id) {
      await inUnfinished(db, tenant, id, 'pause', requestPause);
      return (await getJob(id)) ?? notFound(id);
    },
    async resumeJob(id) {
      await inUnfinished(db, tenant, id, 'resume', resume);
      return (await getJob(id)) ?? notFound(id);
    },
  };
}

async function cancel(db: Database, tenant: string, id: string, now: boolean): Promise<void> {
  await db.$transaction(async (tx) => {
    const job = await lockOwnJob(tx, tenant, id);
    if (job.state === 'succeeded' || job.state === 'failed') {
      throw new StrataError('job_finished', `The job has ${job.state}; there is nothing to cancel.`);
    }
    await requestStop(tx, job, { as: 'cancelled', now });
  });
}

async function inUnfinished(
  db: Database,
  tenant: string,
  id: string,
  verb: string,
  change: (tx: Transaction, job: LockedJob) => Promise<void>,
): Promise<void> {
  await db.$transaction(async (tx) => {
    const job = await lockOwnJob(tx, tenant, id);
    if (isTerminal('job', job.state)) {
      throw new StrataError('job_finished', `The job has ${job.state}; there is nothing to ${verb}.`);
    }
    if (job.stopAs !== null) {
      throw new StrataError('job_finished', `The job is about to be ${job.stopAs}; it cannot ${verb}.`);
    }
    await change(tx, job);
  });
}

async function readJob(db: Database, row: JobRow): Promise<Job> {
  return (await readJobs(db, [row]))[0] as Job;
}

async function readJobs(db: Database, rows: readonly JobRow[]): Promise<Job[]> {
  const progress = await progressOf(
    db,
    rows.map((row) => row.id),
  );
  const reason = rows.some((row) => row.state === 'queued') ? await waitReason(db) : '';
  return Promise.all(
    rows.map(async (row) =>
      toJob(row, {
        progress: progress.get(row.id),
        queue: await queueOf(db, row, reason),
        nowMs: Date.now(),
      }),
    ),
  );
}

async function queueOf(
  db: Database,
  row: JobRow,
  reason: string,
): Promise<components['schemas']['JobQueue'] | null> {
  if (row.state !== 'queued') return null;
  return { position: Math.max(1, await queuePosition(db, row.id)), reason };
}

async function waitReason(db: Database): Promise<string> {
  const workers = await findWorkers(db);
  return workers.length === 0 ? 'no worker is connected' : 'it waits for a free slot';
}
