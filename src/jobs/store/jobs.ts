import { isTerminal, type JobState, transition } from '../../contract/states.js';
import type { KindProgress } from '../../planning/tasks/time-left.js';
import { MAX_ATTEMPTS } from '../process/limits.js';
import type { Queryable, Transaction } from './connection/database.js';
import { Prisma } from './generated/client.js';

/** The terminal state that a job which is to stop goes to. */
export type StopAs = 'cancelled' | 'failed';

/** What every change of a job must know first; read under the row's lock. */
export interface LockedJob {
  readonly id: string;
  readonly state: JobState;
  readonly stopAs: StopAs | null;
  /** To be paused, or paused. */
  readonly pausing: boolean;
  /** Its first task was claimed at some time. */
  readonly started: boolean;
  /** Failures of one task that end it. */
  readonly maxAttempts: number;
  /** When the transaction began, by the database's clock: those of the processes may jump. */
  readonly now: Date;
}

/**
 * Takes the job's row lock. Every transaction that changes a job or its tasks takes it first, so they follow one
 * another and never deadlock. NO KEY: rows that refer to the job, as metrics do, may be inserted meanwhile; waiting for
 * their inserters, who hold a task's row, would be a deadlock.
 */
export function lockJob(tx: Transaction, id: string): Promise<LockedJob | null> {
  return lock(tx, Prisma.sql`id = ${id}`);
}

/** The job of a task. */
export function lockJobOf(tx: Transaction, taskId: string): Promise<LockedJob | null> {
  return lock(tx, Prisma.sql`id = (SELECT job_id FROM task WHERE id = ${taskId})`);
}

async function lock(tx: Transaction, which: Prisma.Sql): Promise<LockedJob | null> {
  const rows = await tx.$queryRaw<LockedJob[]>`
    SELECT id, state, stop_as AS "stopAs", pause_requested_at IS NOT NULL AS pausing,
      started_at IS NOT NULL AS started,
      coalesce((spec->>'max_attempts')::int, ${MAX_ATTEMPTS}) AS "maxAttempts", now() AS now
    FROM job WHERE ${which} FOR NO KEY UPDATE`;
  return rows[0] ?? null;
}

/** Moves a locked job on, with other columns that change with the state. */
export async function setJobState(
  tx: Transaction,
  job: LockedJob,
  to: JobState,
  changes: Prisma.JobUpdateInput = {},
): Promise<LockedJob> {
  const state = transition('job', job.state, to);
  const finishedAt = isTerminal('job', state) ? { finishedAt: job.now } : {};
  await tx.job.update({ where: { id: job.id }, data: { ...changes, ...finishedAt, state } });
  return { ...job, state };
}

/** A job's time at work is counted by the database's clock, from here to `stopClock`. */
export async function startClock(tx: Transaction, id: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE job SET running_since = now(), started_at = coalesce(started_at, now()) WHERE id = ${id}`;
}

export async function stopClock(tx: Transaction, id: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE job SET ran_seconds = ran_seconds + extract(epoch FROM now() - running_since), running_since = NULL
    WHERE id = ${id} AND running_since IS NOT NULL`;
}

/** A limit of its spec that a job is over. */
export interface Overdue {
  readonly id: string;
  readonly limit: 'max_runtime' | 'max_pending';
  readonly seconds: number;
}

/** Jobs that have worked, or waited, for longer than their spec lets them. */
export function overdueJobs(db: Queryable): Promise<Overdue[]> {
  return db.$queryRaw`
    SELECT id, 'max_runtime' AS "limit", (spec->>'max_runtime_s')::int AS seconds FROM job
    WHERE finished_at IS NULL AND stop_as IS NULL AND running_since IS NOT NULL
      AND ran_seconds + extract(epoch FROM now() - running_since) > (spec->>'max_runtime_s')::int
    UNION ALL
    SELECT id, 'max_pending', (spec->>'max_pending_s')::int FROM job
    WHERE state = 'queued' AND stop_as IS NULL AND queued_at + (spec->>'max_pending_s')::int * interval '1 s' < now()
    LIMIT 100`;
}

/** The oldest job without tasks, locked against other dispatchers; null where there is none. */
export async function lockUnplannedJob(tx: Transaction): Promise<string | null> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM job WHERE state = 'queued' AND planned_at IS NULL AND stop_as IS NULL
    ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`;
  return rows[0]?.id ?? null;
}

/** Jobs that are to end, or to be paused, but are not yet. */
export async function stoppingJobs(db: Queryable): Promise<string[]> {
  const pausing = { pauseRequestedAt: { not: null }, state: { not: 'paused' } };
  const rows = await db.job.findMany({
    where: { OR: [{ stopAs: { not: null } }, pausing], finishedAt: null },
    select: { id: true },
  });
  return rows.map((row) => row.id);
}

/** Jobs that ended and whose spool folder may still exist. */
export async function endedJobsWithSpool(db: Queryable): Promise<string[]> {
  const rows = await db.job.findMany({
    where: { finishedAt: { not: null }, spoolDeletedAt: null },
    select: { id: true },
    take: 100,
  });
  return rows.map((row) => row.id);
}

/** With its tasks, events, metrics and artifacts. Spool files are found by the job's id: they go before. */
export async function deleteJob(tx: Transaction, id: string): Promise<void> {
  await tx.job.delete({ where: { id } });
}

export async function markSpoolDeleted(db: Queryable, id: string): Promise<void> {
  await db.$executeRaw`UPDATE job SET spool_deleted_at = now() WHERE id = ${id}`;
}

/** Its tasks are written in the same transaction. */
export async function markPlanned(tx: Transaction, id: string): Promise<void> {
  await tx.$executeRaw`UPDATE job SET planned_at = now() WHERE id = ${id}`;
}

/** Whether the tenant has such a job. */
export async function hasJob(db: Queryable, tenant: string, id: string): Promise<boolean> {
  return (await db.job.count({ where: { id, tenant } })) > 0;
}

/** Its state, and how far its events and log lines are numbered. */
export function findStanding(db: Queryable, tenant: string, id: string) {
  return db.job.findUnique({ where: { id, tenant }, select: { state: true, eventSeq: true, logSeq: true } });
}

export function findJob(db: Queryable, tenant: string, id: string) {
  return db.job.findUnique({ where: { id, tenant } });
}

/** A kind of a job's tasks. */
export type JobProgress = KindProgress & {
  /** What the host lacks that one of them waits for. */
  readonly outage: string | null;
};

/** How many tasks wait for their host to have disk or memory again, and what the first of them met. */
export async function waitingForHosts(
  db: Queryable,
): Promise<{ readonly tasks: number; readonly message: string | null }> {
  const rows = await db.$queryRaw<{ tasks: number; message: string | null }[]>`
    SELECT count(*)::int AS tasks, min(error->>'message') AS message FROM task
    WHERE state = 'ready' AND due_at > now() AND outages > 0`;
  return rows[0] ?? { tasks: 0, message: null };
}

/**
 * Of each job its kinds of tasks. Times are of the tasks that one attempt finished: another may have begun from a
 * checkpoint.
 */
export async function progressOf(db: Queryable, ids: readonly string[]): Promise<Map<string, JobProgress[]>> {
  if (ids.length === 0) return new Map();
  const rows = await db.$queryRaw<(JobProgress & { readonly id: string })[]>`
    SELECT job_id AS id, kind, sum(weight) AS total, sum(weight * progress) AS done,
      count(*) FILTER (WHERE state = 'running')::int AS running,
      coalesce(sum(weight) FILTER (WHERE timed), 0) AS "timedWeight",
      coalesce(sum(extract(epoch FROM finished_at - started_at)) FILTER (WHERE timed), 0)::float8 AS "timedSeconds",
      min(error->>'message') FILTER (WHERE state = 'ready' AND outages > 0) AS outage
    FROM (SELECT *, state = 'succeeded' AND attempt = 1 AS timed FROM task
      WHERE job_id IN (${Prisma.join([...ids])})) planned
    GROUP BY job_id, kind`;
  const jobs = new Map(ids.map((id): [string, JobProgress[]] => [id, []]));
  for (const row of rows) jobs.get(row.id)?.push(row);
  return jobs;
}
