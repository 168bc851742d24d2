import { JOB_DEFAULTS } from '../../contract/generated/defaults.js';
import { isTerminal, type JobState, transition } from '../../contract/states.js';
import { COLUMNS } from './columns.js';
import { flag, float, int, orNull, type RowOf, text, time } from './connection/column.js';
import { type Queryable, type Transaction, toJson } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';

export type { StopAs } from './columns.js';

/** Facts that every change of a job needs first, read while its row is locked. */
const LOCKED_JOB = {
  id: text,
  state: COLUMNS.job.state,
  stopAs: COLUMNS.job.stopAs,
  /** Whether the job is paused or pausing. */
  pausing: flag,
  /** Whether a task of the job was ever claimed. */
  started: flag,
  /** Maximum number of failed attempts of one task. */
  maxAttempts: int,
  /** Start of the transaction by the clock of the database, because the clocks of processes may jump. */
  now: time,
};
export type LockedJob = RowOf<typeof LOCKED_JOB>;
const locked = statement('lock-job', LOCKED_JOB);

/**
 * Locks the row of a job. Every transaction that changes a job or its tasks takes this lock first, so that such
 * transactions run one after another and never deadlock. The lock is NO KEY UPDATE, which still allows inserting
 * rows that refer to the job, like metrics. Waiting for their writers, which hold the lock of a task, would be a
 * deadlock.
 */
export function lockJob(tx: Transaction, id: string): Promise<LockedJob | null> {
  return lock(tx, Prisma.sql`id = ${id}`);
}

/** Locks the job of a task. @param whenLocked `skip`: returns null if another transaction holds the lock */
export function lockJobOf(
  tx: Transaction,
  taskId: string,
  whenLocked: 'wait' | 'skip' = 'wait',
): Promise<LockedJob | null> {
  const skip = whenLocked === 'skip' ? Prisma.sql`SKIP LOCKED` : Prisma.empty;
  return lock(tx, Prisma.sql`id = (SELECT job_id FROM task WHERE id = ${taskId})`, skip);
}

function lock(
  tx: Transaction,
  which: Prisma.Sql,
  skip: Prisma.Sql = Prisma.empty,
): Promise<LockedJob | null> {
  return locked.first(
    tx,
    Prisma.sql`
    SELECT id, state, stop_as AS "stopAs", pause_requested_at IS NOT NULL AS pausing,
      started_at IS NOT NULL AS started,
      coalesce((spec->>'max_attempts')::int, ${JOB_DEFAULTS.max_attempts}) AS "maxAttempts", now() AS now
    FROM job WHERE ${which} FOR NO KEY UPDATE ${skip}`,
  );
}

/** Changes the state of a locked job, together with other columns. */
export async function setJobState(
  tx: Transaction,
  job: LockedJob,
  to: JobState,
  changes: Prisma.JobUpdateManyMutationInput = {},
): Promise<LockedJob> {
  const state = transition('job', job.state, to);
  const finishedAt = isTerminal('job', state) ? { finishedAt: job.now } : {};
  // Many, though it is one: `update` would read the whole row again.
  await tx.job.updateMany({ where: { id: job.id }, data: { ...changes, ...finishedAt, state } });
  return { ...job, state };
}

export interface JobChanges {
  readonly name?: string | undefined;
  readonly notes?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly archived?: boolean | undefined;
}

/** Changes what people may write about a locked job; a field that is undefined keeps its value. */
export async function changeJob(
  tx: Transaction,
  { id, now }: LockedJob,
  { metadata, archived, name, notes }: JobChanges,
): Promise<void> {
  const data = {
    ...(name !== undefined && { name }),
    ...(notes !== undefined && { notes }),
    ...(metadata && { metadata: toJson(metadata) }),
    ...(archived !== undefined && { archivedAt: archived ? now : null }),
  };
  await tx.job.update({ where: { id }, data });
}

/** Starts counting the run time of a job by the clock of the database. `stopClock` ends it. */
export async function startClock(tx: Transaction, id: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE job SET running_since = now(), started_at = coalesce(started_at, now()) WHERE id = ${id}`;
}

export async function stopClock(tx: Transaction, id: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE job SET ran_seconds = ran_seconds + extract(epoch FROM now() - running_since), running_since = NULL
    WHERE id = ${id} AND running_since IS NOT NULL`;
}

/**
 * Deletes the job, its tasks, events, metrics and artifacts. Delete its spool files first: they are found by its
 * id.
 */
export async function deleteJob(tx: Transaction, id: string): Promise<void> {
  await tx.job.delete({ where: { id } });
}

/** The job's spool folder is gone, and with it the spool files of its tasks. */
export async function markSpoolDeleted(db: Queryable, id: string): Promise<void> {
  await db.$executeRaw`
    WITH emptied AS (UPDATE task SET has_spool = false WHERE job_id = ${id} AND has_spool)
    UPDATE job SET spool_deleted_at = now() WHERE id = ${id}`;
}

/** Their tasks are written in the same transaction. */
export async function markPlanned(tx: Transaction, ids: readonly string[]): Promise<void> {
  await tx.$executeRaw`UPDATE job SET planned_at = now() WHERE id = ANY (${ids})`;
}

/** Whether the tenant has such a job. */
export async function hasJob(db: Queryable, tenant: string, id: string): Promise<boolean> {
  return (await db.job.count({ where: { id, tenant } })) > 0;
}

/** State of a job, and the last seq of its events and log lines. */
export function findLastSeqs(db: Queryable, tenant: string, id: string) {
  return db.job.findUnique({ where: { id, tenant }, select: { state: true, eventSeq: true, logSeq: true } });
}

export function findJob(db: Queryable, tenant: string, id: string) {
  return db.job.findUnique({ where: { id, tenant } });
}

/** The job of a model, which cannot be deleted before it. */
export function findJobOfModel(db: Queryable, id: string) {
  return db.job.findUniqueOrThrow({ where: { id } });
}

/** A kind of a job's tasks: KindProgress of src/planning/tasks/time-left.ts. */
const JOB_PROGRESS = {
  kind: COLUMNS.task.kind,
  total: float,
  done: float,
  running: int,
  timedWeight: float,
  timedSeconds: float,
  /** The missing resource of the host for which one of them waits. */
  outage: orNull(text),
};
export type JobProgress = RowOf<typeof JOB_PROGRESS>;
const progress = statement('progress-of-jobs', { id: text, ...JOB_PROGRESS });

const waiting = statement('waiting-for-hosts', { tasks: int, message: orNull(text) });

/** Number of tasks that wait for disk or memory of their host, and the error of the first of them. */
export function waitingForHosts(
  db: Queryable,
): Promise<{ readonly tasks: number; readonly message: string | null }> {
  return waiting.only(
    db,
    Prisma.sql`
    SELECT count(*)::int AS tasks, min(error->>'message') AS message FROM task
    WHERE state = 'ready' AND due_at > now() AND outages > 0`,
  );
}

/**
 * Progress of each kind of task of each job. Times only include tasks that needed a single attempt, because another
 * attempt may have started from a checkpoint.
 */
export async function progressOf(db: Queryable, ids: readonly string[]): Promise<Map<string, JobProgress[]>> {
  if (ids.length === 0) return new Map();
  const rows = await progress.rows(
    db,
    Prisma.sql`
    SELECT job_id AS id, kind, sum(weight) AS total, sum(weight * progress) AS done,
      count(*) FILTER (WHERE state = 'running')::int AS running,
      coalesce(sum(weight) FILTER (WHERE timed), 0) AS "timedWeight",
      coalesce(sum(extract(epoch FROM finished_at - started_at)) FILTER (WHERE timed), 0)::float8 AS "timedSeconds",
      min(error->>'message') FILTER (WHERE state = 'ready' AND outages > 0) AS outage
    FROM (SELECT *, state = 'succeeded' AND attempt = 1 AS timed FROM task
      WHERE job_id IN (${Prisma.join([...ids])})) planned
    GROUP BY job_id, kind`,
  );
  const jobs = new Map(ids.map((id): [string, JobProgress[]] => [id, []]));
  for (const row of rows) jobs.get(row.id)?.push(row);
  return jobs;
}
