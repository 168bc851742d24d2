import type { JobState } from '../../contract/states.js';
import type { Queryable, Transaction } from './connection/database.js';
import { notify } from './connection/notify.js';
import { newId } from './ids.js';

/** What a job is handed over to: what authorizes is sealed, and named for its row. */
export interface SealedTracker {
  readonly id: string;
  readonly type: string;
  readonly trackingUri: string;
  readonly experiment: string;
  /** Sealed. */
  readonly authorization: string | null;
}

export const newTrackerExportId = (): string => newId('tracker');

/** Adds an export, or begins the same one anew: a job has one run in one experiment of one tracker. */
export async function putTrackerExport(tx: Transaction, jobId: string, tracker: SealedTracker) {
  const { id, authorization, ...where } = tracker;
  const place = { jobId, ...where };
  const afresh = { authorization, state: 'pending', attempts: 0, dueAt: new Date(0) };
  const row = await tx.trackerExport.upsert({
    where: { jobId_type_trackingUri_experiment: place },
    create: { id, ...place, ...afresh },
    update: { ...afresh, id, error: null, finishedAt: null },
  });
  await notify(tx, 'strata_dispatch');
  return row;
}

/** In the order in which they were asked for. */
export function findTrackerExports(db: Queryable, jobId: string) {
  return db.trackerExport.findMany({ where: { jobId }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
}

export function countTrackerExports(db: Queryable, jobId: string): Promise<number> {
  return db.trackerExport.count({ where: { jobId } });
}

/** An export that is this process's to make, until its claim runs out. */
export interface ClaimedExport {
  readonly id: string;
  readonly jobId: string;
  readonly trackingUri: string;
  readonly experiment: string;
  /** Sealed. */
  readonly authorization: string | null;
  /** This one included: the fence of what is recorded about it. */
  readonly attempts: number;
  readonly state: JobState;
}

/** Takes exports of finished jobs that are due; one whose sender dies is due again after `claimMs`. */
export function claimDueExports(db: Queryable, limit: number, claimMs: number): Promise<ClaimedExport[]> {
  return db.$queryRaw`
    UPDATE tracker_export AS export
    SET attempts = attempts + 1, due_at = now() + ${claimMs} * interval '1 millisecond'
    FROM job
    WHERE job.id = export.job_id AND export.id IN (
      SELECT due.id FROM tracker_export AS due JOIN job ON job.id = due.job_id
      WHERE due.state = 'pending' AND due.due_at <= now() AND job.finished_at IS NOT NULL
      ORDER BY due.due_at LIMIT ${limit} FOR UPDATE OF due SKIP LOCKED)
    RETURNING export.id, export.job_id AS "jobId", export.tracking_uri AS "trackingUri", export.experiment,
      export."authorization", export.attempts, job.state`;
}

type Fence = Pick<ClaimedExport, 'id' | 'attempts'>;

/** Keeps the claim for another while. @returns whether it still is the caller's */
export async function renewExport(db: Queryable, { id, attempts }: Fence, claimMs: number): Promise<boolean> {
  const rows = await db.$executeRaw`
    UPDATE tracker_export SET due_at = now() + ${claimMs} * interval '1 millisecond'
    WHERE id = ${id} AND attempts = ${attempts} AND state = 'pending'`;
  return rows > 0;
}

/** Where the job can be looked at. */
export interface ExportedRun {
  readonly runId: string;
  readonly runUrl: string;
}

export async function recordExport(db: Queryable, { id, attempts }: Fence, run: ExportedRun): Promise<void> {
  await db.trackerExport.updateMany({
    where: { id, attempts, state: 'pending' },
    data: { ...run, state: 'succeeded', error: null, finishedAt: new Date() },
  });
}

/** @param retryMs until the next attempt; null after the last */
export async function recordExportFailure(
  db: Queryable,
  { id, attempts }: Fence,
  error: string,
  retryMs: number | null,
): Promise<void> {
  await db.$executeRaw`
    UPDATE tracker_export
    SET error = ${error}, state = ${retryMs === null ? 'failed' : 'pending'},
      due_at = now() + ${retryMs ?? 0} * interval '1 millisecond',
      finished_at = CASE WHEN ${retryMs === null} THEN now() END
    WHERE id = ${id} AND attempts = ${attempts} AND state = 'pending'`;
}
