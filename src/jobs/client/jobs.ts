import { StrataError } from '../../contract/errors.js';
import type { components } from '../../contract/generated/openapi.js';
import type { Job, JobsClient } from '../../contract/jobs-client.js';
import { isTerminal } from '../../contract/states.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { requestPause, resume } from '../lifecycle/pause.js';
import { requestStop } from '../lifecycle/stop.js';
import { type Database, fromJson, type Transaction } from '../store/database.js';
import { deleteJob, findJob, findJobs, type LockedJob, progressOf } from '../store/jobs.js';
import { queuePositions } from '../store/queue-order.js';
import type { Job as JobRow } from '../store/rows.js';
import { findWorkers, type WorkerSlot } from '../store/workers.js';
import { toJob } from '../wire/job.js';
import { pageOf } from '../wire/parts.js';
import { createJob } from './create-job.js';
import { lockOwnJob, notFound } from './own.js';

type JobMethods = Pick<
  JobsClient,
  'createJob' | 'getJob' | 'listJobs' | 'cancelJob' | 'pauseJob' | 'resumeJob' | 'deleteJob'
>;

export function jobMethods(db: Database, tenant: string, blobs: BlobStore): JobMethods {
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
    async deleteJob(id) {
      await db.$transaction(async (tx) => {
        const job = await lockOwnJob(tx, tenant, id);
        if (!isTerminal('job', job.state)) {
          throw new StrataError('job_unfinished', `The job is ${job.state}; cancel it first.`);
        }
        await blobs.deleteSpool(`${id}/`);
        await deleteJob(tx, id);
      });
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
  const ids = rows.map((row) => row.id);
  const [progress, queue] = await Promise.all([progressOf(db, ids), queueOf(db, rows)]);
  return rows.map((row) =>
    toJob(row, { progress: progress.get(row.id), queue: queue(row), nowMs: Date.now() }),
  );
}

type Queue = components['schemas']['JobQueue'];

/** Where each of the jobs that have not started stands. */
async function queueOf(db: Database, rows: readonly JobRow[]): Promise<(row: JobRow) => Queue | null> {
  const queued = rows.filter((row) => row.state === 'queued').map((row) => row.id);
  if (queued.length === 0) return () => null;
  const [positions, workers] = await Promise.all([queuePositions(db, queued), findWorkers(db)]);
  const slots = workers.flatMap((worker) => fromJson<WorkerSlot[]>(worker.slots));
  return ({ id, state }) => {
    if (state !== 'queued') return null;
    // Absent: it has started since its row was read.
    const position = positions.get(id) ?? 1;
    return { position, reason: waitReason(position - 1, workers.length, slots) };
  };
}

/** @param ahead jobs that go first */
function waitReason(ahead: number, workers: number, slots: readonly WorkerSlot[]): string {
  if (workers === 0) return 'no worker is connected';
  const reasons: string[] = [];
  if (ahead > 0) reasons.push(ahead === 1 ? '1 job goes before it' : `${ahead} jobs go before it`);
  const free = slots.filter((slot) => slot.state === 'idle').length;
  if (free === 0)
    reasons.push(slots.length === 1 ? 'the 1 slot is busy' : `all ${slots.length} slots are busy`);
  return reasons.join(', and ') || 'a free slot is about to take it';
}
