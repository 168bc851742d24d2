import type { Job, JobFilter, JobsClient } from '../../../contract/client/jobs.js';
import { StrataError } from '../../../contract/errors.js';
import { isTerminal } from '../../../contract/states.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import { requestPause, resume } from '../../lifecycle/pause.js';
import { requestStop } from '../../lifecycle/stop.js';
import type { Database, Transaction } from '../../store/connection/database.js';
import { findDataset } from '../../store/datasets.js';
import { findCurves, type JobCurve } from '../../store/job-curves.js';
import { findJobs } from '../../store/job-list.js';
import { changeJob, deleteJob, findJob, findLastSeqs, type LockedJob, progressOf } from '../../store/jobs.js';
import { modelIds } from '../../store/models.js';
import type { Job as JobRow } from '../../store/rows.js';
import { lockRequiredJob, notFound } from '../require-job.js';
import { toJob } from '../views/job.js';
import { listOf, pageOf } from '../views/parts.js';
import { type CreateParts, createJob } from './create-job.js';
import { extendJob } from './extend-job.js';
import { cursorOf, placeOf } from './job-cursor.js';
import { queueOf } from './queue-place.js';

type JobMethods = Pick<
  JobsClient,
  | 'createJob'
  | 'extendJob'
  | 'getJob'
  | 'getJobState'
  | 'listJobs'
  | 'updateJob'
  | 'cancelJob'
  | 'pauseJob'
  | 'resumeJob'
  | 'deleteJob'
>;

export function jobMethods(parts: CreateParts & { readonly blobs: BlobStore }, tenant: string): JobMethods {
  const { db, blobs } = parts;
  const getJob = async (id: string): Promise<Job | null> => {
    const row = await findJob(db, tenant, id);
    return row && readJob(parts, row);
  };
  return {
    getJob,
    async getJobState(id) {
      return (await findLastSeqs(db, tenant, id))?.state ?? null;
    },
    async createJob(spec, options) {
      const reads = askingOnce(parts.reads);
      const { row, replayed } = await createJob({ ...parts, reads }, tenant, spec, options);
      return { job: await readJob({ db, reads }, row), replayed };
    },
    async extendJob(id, extension, options) {
      const reads = askingOnce(parts.reads);
      const { row, replayed } = await extendJob({ ...parts, reads }, tenant, { id, ...extension }, options);
      return { job: await readJob({ db, reads }, row), replayed };
    },
    listJobs: (filter) => listJobs(parts, tenant, filter),
    async updateJob(id, changes) {
      await db.$transaction(async (tx) => {
        const job = await lockRequiredJob(tx, tenant, id);
        if (changes.archived && !isTerminal('job', job.state)) {
          throw new StrataError(
            'job_unfinished',
            `The job is ${job.state}. Only a job that has ended can be archived.`,
          );
        }
        await changeJob(tx, job, changes);
      });
      return (await getJob(id)) ?? notFound(id);
    },
    async cancelJob(id, { force }) {
      await cancel(db, tenant, id, force);
      return (await getJob(id)) ?? notFound(id);
    },
    async deleteJob(id) {
      await db.$transaction(async (tx) => {
        const job = await lockRequiredJob(tx, tenant, id);
        if (!isTerminal('job', job.state)) {
          throw new StrataError('job_unfinished', `The job is ${job.state}. Cancel it first.`);
        }
        const model = (await modelIds(tx, [id])).get(id);
        if (model)
          throw new StrataError('job_has_model', `The job has the model ${model}. Delete the model first.`);
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

async function listJobs(
  parts: ReadParts,
  tenant: string,
  filter: JobFilter,
): ReturnType<JobsClient['listJobs']> {
  const { db } = parts;
  const { limit, order_by: orderBy = 'created_at', dataset } = filter;
  const ofDataset = dataset === undefined ? null : await findDataset(db, tenant, dataset);
  if (dataset !== undefined && ofDataset === null) return listOf([]);
  const rows = await findJobs(db, {
    tenant,
    orderBy,
    after: placeOf(filter.after, orderBy),
    limit: limit + 1,
    states: filter.state ?? null,
    metadata: filter.metadata ?? {},
    datasetId: ofDataset?.id ?? null,
    sweepId: filter.sweep ?? null,
    createdAfter: filter.createdAfter ?? null,
    createdBefore: filter.createdBefore ?? null,
    isArchived: filter.archived ?? false,
    q: filter.q ?? null,
  });
  const page = pageOf(rows, limit, (row) => cursorOf(row, orderBy));
  return { ...page, data: await readJobs(parts, page.data) };
}

async function cancel(db: Database, tenant: string, id: string, now: boolean): Promise<void> {
  await db.$transaction(async (tx) => {
    const job = await lockRequiredJob(tx, tenant, id);
    if (job.state === 'succeeded' || job.state === 'failed') {
      throw new StrataError('job_finished', `The job has ${job.state}. It cannot be cancelled any more.`);
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
    const job = await lockRequiredJob(tx, tenant, id);
    if (isTerminal('job', job.state)) {
      throw new StrataError('job_finished', `The job has ${job.state}. It is too late to ${verb} it.`);
    }
    if (job.stopAs !== null) {
      throw new StrataError(
        'job_finished',
        `The job is stopping and will be ${job.stopAs}. It is too late to ${verb} it.`,
      );
    }
    await change(tx, job);
  });
}

/** Reads the workers once per request, so that the devices of the job and its place in the queue agree. */
function askingOnce(reads: CreateParts['reads']): CreateParts['reads'] {
  let workers: ReturnType<typeof reads.workers> | null = null;
  return { ...reads, workers: () => (workers ??= reads.workers()) };
}

type ReadParts = Pick<CreateParts, 'db' | 'reads'>;

async function readJob(parts: ReadParts, row: JobRow): Promise<Job> {
  return (await viewOf(parts, [row]))(row);
}

async function readJobs(parts: ReadParts, rows: readonly JobRow[]): Promise<Job[]> {
  const curves = await findCurves(
    parts.db,
    rows.filter((row) => row.startedAt !== null).map((row) => row.id),
  );
  return rows.map(await viewOf(parts, rows, (id) => curves.get(id) ?? null));
}

/** Reads what the views of these rows need from other tables. */
async function viewOf(
  { db, reads }: ReadParts,
  rows: readonly JobRow[],
  curveOf?: (id: string) => JobCurve | null,
): Promise<(row: JobRow) => Job> {
  const idsOf = (kept: (row: JobRow) => boolean) => rows.filter(kept).map((row) => row.id);
  const [progress, queue, models] = await Promise.all([
    progressOf(
      db,
      idsOf((row) => row.plannedAt !== null),
    ),
    queueOf(reads, rows),
    modelIds(
      db,
      idsOf((row) => row.state === 'succeeded'),
    ),
  ]);
  return (row) =>
    toJob(row, {
      progress: progress.get(row.id) ?? [],
      queue: queue(row),
      modelId: models.get(row.id) ?? null,
      nowMs: Date.now(),
      ...(curveOf && { curve: curveOf(row.id) }),
    });
}
