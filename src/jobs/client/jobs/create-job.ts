import type { CreateJobOptions, SentSpec } from '../../../contract/client/jobs.js';
import { StrataError } from '../../../contract/errors.js';
import type { JobSpec } from '../../../contract/spec.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import { type Quota, requireBytesLeft } from '../../lifecycle/quota.js';
import type { Database } from '../../store/connection/database.js';
import { findKey } from '../../store/idempotency-keys.js';
import { newId } from '../../store/ids.js';
import {
  insertJobs,
  isRefused,
  type JobInsert,
  lacksDataset,
  type NewJob,
  type WantedKey,
} from '../../store/new-jobs.js';
import type { Job } from '../../store/rows.js';
import { importBuiltIn } from '../datasets/built-in.js';
import type { OutgoingParts } from '../outgoing.js';
import { writeTogether } from '../together/write-together.js';
import { type BeginImport, type DatasetReads, resolveJob, rowOf } from './new-job.js';
import type { QueueReads } from './queue-place.js';
import { checkTrackers, sealTrackers, withoutSecrets } from './trackers.js';

const DRY_RUN_ID = 'dry_run';
const QUEUED = { type: 'job.queued', message: 'the job is waiting for a worker' };

/** Stores a job. @returns its creation time; null if its idempotency key is taken */
export type StoreJob = (insert: JobInsert) => Promise<Date | null>;

/** Jobs that arrive at the same time are stored by one statement. */
export function openJobWrites(db: Database): StoreJob {
  return writeTogether(async (inserts: readonly JobInsert[]) => {
    const created = await insertJobs(db, inserts, QUEUED);
    return inserts.map(({ job }) => created.get(job.id) ?? null);
  }, isRefused);
}

export interface CreateParts {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly reads: DatasetReads & QueueReads;
  readonly storeJob: StoreJob;
  /** Bytes that the tenant may have stored. */
  readonly quota: Quota;
  /** Rules for the addresses of trackers, and the encryption of their authorization. */
  readonly outgoing: OutgoingParts;
  /** Notifies the dispatcher of committed jobs. */
  readonly nudge: () => void;
}

/**
 * Checks a spec and stores its job and Idempotency-Key in one transaction. After the return, only the loss of
 * Postgres can lose the job.
 * @throws StrataError invalid_spec, forbidden_target, precision_unavailable, idempotency_key_reused, quota_reached
 */
export async function createJob(
  parts: CreateParts,
  tenant: string,
  submitted: JobSpec,
  {
    sent = submitted,
    idempotencyKey,
    bodyHash = '',
    dryRun = false,
    traceparent = null,
    actor = null,
  }: CreateJobOptions,
): Promise<{ row: Job; replayed: boolean }> {
  const { db, outgoing } = parts;
  const resolve = async (id: string) => {
    checkTrackers(submitted.trackers, outgoing.policy);
    const trackers = withoutSecrets(submitted.trackers);
    const beginImport: BeginImport | null = dryRun
      ? null
      : (owner, dataset) => importBuiltIn(db, owner, dataset);
    return await resolveJob(
      { ...parts, beginImport },
      { id, tenant, traceparent, actor, requested: withoutTrackerSecrets(sent) },
      { ...submitted, trackers },
    );
  };
  if (dryRun) {
    const job = await resolve(DRY_RUN_ID);
    return { row: rowOf(job, new Date()), replayed: false };
  }
  const key = idempotencyKey === undefined ? null : { key: idempotencyKey, bodyHash };
  const trackers = () => sealTrackers(submitted.trackers, outgoing);
  return submit(parts, tenant, { key, make: resolve, trackers });
}

/** A job to store. */
export interface Submission {
  readonly key: WantedKey | null;
  /** Makes the job of this id. Asked again if its dataset is deleted meanwhile. */
  readonly make: (id: string) => Promise<NewJob>;
  readonly trackers: () => Promise<JobInsert['trackers']>;
}

/** Stores a job and its Idempotency-Key in one transaction, or finds the job of the same request before. */
export async function submit(
  parts: CreateParts,
  tenant: string,
  { key, make, trackers }: Submission,
): Promise<{ row: Job; replayed: boolean }> {
  const { db } = parts;
  const first = () => (key === null ? null : replay(db, tenant, key));
  let job: NewJob;
  try {
    job = await make(newId('job'));
    await requireBytesLeft(db, parts.quota, tenant);
  } catch (error) {
    // The spec may have been valid when the key was first used.
    const row = await first();
    if (row) return { row, replayed: true };
    throw error;
  }
  const insert = { job, key, trackers: await trackers() };
  const createdAt = await parts.storeJob(insert).catch(async (error) => {
    // The dataset was deleted after the look-up. Resolving again gives the usual error for an unknown dataset.
    if (lacksDataset(error)) await make(job.id);
    throw error;
  });
  if (createdAt) {
    parts.nudge();
    return { row: rowOf(job, createdAt), replayed: false };
  }
  const row = await first();
  if (!row) throw new StrataError('idempotency_in_flight');
  return { row, replayed: true };
}

function withoutTrackerSecrets(sent: SentSpec): SentSpec {
  return sent.trackers === undefined ? sent : { ...sent, trackers: withoutSecrets(sent.trackers) };
}

async function replay(db: Database, tenant: string, { key, bodyHash }: WantedKey): Promise<Job | null> {
  const used = await findKey(db, { tenant, key });
  if (used === null) return null;
  if (used.bodyHash !== bodyHash) throw new StrataError('idempotency_key_reused');
  return used.job;
}
