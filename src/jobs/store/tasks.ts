import type { JobError } from '../../contract/job-error.js';
import { isTerminal, type TaskState, transition } from '../../contract/states.js';
import type { PlannedTask } from '../../planning/tasks/task-graph.js';
import { COLUMNS } from './columns.js';
import { flag, int, orNull, type RowOf, text, time } from './connection/column.js';
import type { Queryable, Transaction } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import type { LockedJob } from './jobs.js';
import { endLease, type Fence, LEASE_OVER, updateHeld } from './leases.js';
import type { Task } from './rows.js';

export const RUNNING_TASK = {
  id: text,
  attempt: int,
  jobId: text,
  key: text,
  kind: COLUMNS.task.kind,
  stage: orNull(int),
  round: orNull(int),
  replica: orNull(int),
  failures: int,
  /** Number of attempts that were lost with their worker since the last checkpoint. */
  losses: int,
  /** Outages of a host in a row that its attempts have met since the last checkpoint. */
  outages: int,
};
export type RunningTask = RowOf<typeof RUNNING_TASK>;

export const CLAIMED_TASK = {
  ...RUNNING_TASK,
  /** The time at which it became claimable. */
  readyAt: time,
  inputs: COLUMNS.task.inputs,
};
export type ClaimedTask = RowOf<typeof CLAIMED_TASK>;

/** An attempt at a task of a job. */
export type TaskAttempt = Fence & Pick<ClaimedTask, 'jobId'>;

/** A device of a worker, which claims tasks. */
export interface Claimer {
  readonly workerId: string;
  readonly device: string;
  /** Whether the device supports bfloat16. */
  readonly bfloat16: boolean;
}

export type NewTask = Omit<PlannedTask, 'outputs'> & {
  readonly id: string;
  readonly jobId: string;
  readonly position: number;
  /** Number of unfinished tasks that it needs. */
  readonly waiting: number;
  /** Outputs of a task that another job has done; null for one that is to be done. */
  readonly outputs: Task['outputs'];
};

/** Inserts the plans of jobs with one statement, because a long job has thousands of tasks. */
export async function insertTasks(tx: Transaction, tasks: readonly NewTask[]): Promise<void> {
  const rows = tasks.map(
    ({ id, jobId, key, position, kind, stage, round, replica, waiting, inputs, weight, outputs }) => {
      return { id, jobId, key, position, kind, stage, round, replica, waiting, inputs, weight, outputs };
    },
  );
  await tx.$executeRaw`
    INSERT INTO task (id, job_id, tenant, priority, key, position, kind, stage, round, replica, state, waiting, inputs,
      weight, outputs, progress)
    SELECT planned.id, job.id, job.tenant, job.priority, key, position, kind, stage, round, replica,
      CASE WHEN outputs IS NOT NULL THEN 'succeeded' WHEN waiting = 0 THEN 'ready' ELSE 'waiting' END, waiting, inputs, weight,
      outputs, CASE WHEN outputs IS NULL THEN 0 ELSE 1 END
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS planned (id text, "jobId" text, key text, position int,
      kind text, stage int, round int, replica int, waiting int, inputs jsonb, weight float8,
      outputs jsonb)
    JOIN job ON job.id = planned."jobId"`;
}

/** Changes at the end of an attempt. Absent fields stay unchanged. */
export interface AttemptEnd {
  readonly failures?: number;
  readonly losses?: number;
  readonly outages?: number;
  readonly error?: JobError;
  readonly progress?: number;
}

/**
 * Ends an attempt (leaves `running`), if `fence` is the current claim. @returns false for a stale attempt, which
 * has changed nothing
 */
export async function endAttempt(
  tx: Transaction,
  fence: Fence,
  to: TaskState,
  { failures, losses, outages, error, progress }: AttemptEnd,
): Promise<boolean> {
  const state = transition('task', 'running', to);
  const finished = isTerminal('task', state) ? Prisma.sql`now()` : Prisma.sql`finished_at`;
  return endLease(
    tx,
    'task',
    fence,
    Prisma.sql`state = ${state}, finished_at = ${finished},
      failures = coalesce(${failures ?? null}::int, failures), losses = coalesce(${losses ?? null}::int, losses),
      outages = coalesce(${outages ?? null}::int, outages),
      progress = coalesce(${progress ?? null}::float8, progress),
      error = coalesce(${error === undefined ? null : JSON.stringify(error)}::jsonb, error)`,
  );
}

const producer = statement('producer', {
  ...RUNNING_TASK,
  state: COLUMNS.task.state,
  /** Whether it has made its outputs again since the reader was claimed. Null before it has made any. */
  remade: orNull(flag),
});
export type Producer = NonNullable<Awaited<ReturnType<typeof findProducer>>>;

/** Finds the task that makes an input of a running task; null if no task makes it. */
export function findProducer(tx: Transaction, { id, attempt }: Fence, input: string) {
  return producer.first(
    tx,
    Prisma.sql`
    SELECT producer.id, producer.job_id AS "jobId", producer.key, producer.kind, producer.stage,
      producer.round, producer.replica, producer.attempt, producer.failures, producer.losses, producer.outages,
      producer.state,
      (SELECT max(seq) FROM event WHERE job_id = reader.job_id AND type = 'task.succeeded' AND task = producer.key)
      > (SELECT max(seq) FROM event WHERE job_id = reader.job_id AND type = 'task.started' AND task = reader.key
        AND data->>'attempt' = ${String(attempt)}) AS remade
    FROM task reader JOIN task producer
      ON producer.job_id = reader.job_id AND producer.key = reader.inputs->${input}->>'task'
    WHERE reader.id = ${id}`,
  );
}

/** succeeded > ready: its output must be made again. Then count the needs of this task and of its readers again. */
export async function reopenTask(
  tx: Transaction,
  taskId: string,
  counts: Pick<RunningTask, 'failures' | 'losses' | 'outages'>,
): Promise<void> {
  await tx.task.update({
    where: { id: taskId, state: 'succeeded' },
    data: {
      ...counts,
      state: transition('task', 'succeeded', 'ready'),
      progress: 0,
      finishedAt: null,
    },
  });
}

/**
 * Delays the next attempt of a task by `waitMs`, by the clock of the database, because the clocks of workers may
 * jump.
 */
export async function postpone(tx: Transaction, { id }: Fence, waitMs: number): Promise<void> {
  await tx.$executeRaw`
    UPDATE task SET due_at = now() + ${waitMs} * interval '1 millisecond' WHERE id = ${id}`;
}

/**
 * Changes columns of the current claim, and locks its row until the end of the transaction. @returns false for a
 * stale attempt
 */
export function touchAttempt(
  tx: Transaction,
  fence: Fence,
  { progress, losses, outages }: Pick<AttemptEnd, 'progress' | 'losses' | 'outages'>,
): Promise<boolean> {
  return updateHeld(
    tx,
    'task',
    fence,
    Prisma.sql`progress = coalesce(${progress ?? null}::float8, progress), losses = coalesce(${losses ?? null}::int, losses),
      outages = coalesce(${outages ?? null}::int, outages)`,
  );
}

/** Notes how many slots the current claim takes. @returns false for a stale attempt, which has changed nothing */
export function setSlots(tx: Transaction, fence: Fence, slots: number): Promise<boolean> {
  return updateHeld(tx, 'task', fence, Prisma.sql`slots = ${slots}`);
}

const EXPIRED_TASK = { ...RUNNING_TASK, workerId: orNull(text) };
export type ExpiredTask = RowOf<typeof EXPIRED_TASK>;
const expired = statement('expired-tasks', EXPIRED_TASK);

/** Running tasks whose worker let the lease run out, by id. */
export function expiredTasks(db: Queryable, after: string, limit: number): Promise<ExpiredTask[]> {
  return expired.rows(
    db,
    Prisma.sql`
    SELECT id, attempt, job_id AS "jobId", key, kind, stage, round, replica, failures, losses, outages,
      worker_id AS "workerId"
    FROM task WHERE state = 'running' AND ${LEASE_OVER} AND id > ${after} ORDER BY id LIMIT ${limit}`,
  );
}

export async function countRunning(tx: Transaction, jobId: string): Promise<number> {
  return tx.task.count({ where: { jobId, state: 'running' } });
}

/** Cancels the tasks of an ending job that do not run. The job must have no running tasks. */
export async function cancelOpenTasks(tx: Transaction, job: LockedJob): Promise<void> {
  await tx.task.updateMany({
    where: { jobId: job.id, state: { in: ['waiting', 'ready'] } },
    data: { state: 'cancelled', finishedAt: job.now },
  });
}

const spools = statement('consumed-spools', { id: text, jobId: text });

/** Tasks, by id, whose spool files nobody will read again: every task that reads one of them has succeeded. */
export function consumedSpools(
  db: Queryable,
  after: string,
  limit: number,
): Promise<{ readonly id: string; readonly jobId: string }[]> {
  return spools.rows(
    db,
    Prisma.sql`
    SELECT producer.id, producer.job_id AS "jobId" FROM task producer
    WHERE producer.has_spool AND producer.state = 'succeeded' AND producer.id > ${after} AND NOT EXISTS (
      SELECT 1 FROM task_dependency d JOIN task reader ON reader.id = d.task_id
      CROSS JOIN LATERAL jsonb_each(reader.inputs) AS input(name, source)
      WHERE d.needs_id = producer.id AND reader.state <> 'succeeded'
        AND source->>'task' = producer.key
        AND producer.outputs->(source->>'output')->>'uri' LIKE 'spool:%')
    ORDER BY producer.id LIMIT ${limit}`,
  );
}

export async function clearSpool(db: Queryable, taskId: string): Promise<void> {
  await db.task.update({ where: { id: taskId }, data: { hasSpool: false } });
}

export function findTasks(db: Queryable, jobId: string) {
  return db.task.findMany({ where: { jobId }, orderBy: { position: 'asc' } });
}

/** The columns that say whether the last attempt at a task is over, without the inputs and outputs. */
export function findTaskEnds(db: Queryable, jobId: string) {
  const select = { key: true, state: true, attempt: true, finishedAt: true } as const;
  return db.task.findMany({ where: { jobId }, select });
}

/** A task that a slot works on, and where it belongs. */
export type TaskAtWork = Pick<Task, 'id' | 'key' | 'jobId' | 'startedAt'>;

/** The tasks of the tenant's jobs among `ids`, by id. */
export async function findTasksAtWork(
  db: Queryable,
  tenant: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, TaskAtWork>> {
  if (ids.length === 0) return new Map();
  const rows = await db.task.findMany({
    where: { id: { in: [...ids] }, job: { tenant } },
    select: { id: true, key: true, jobId: true, startedAt: true },
  });
  return new Map(rows.map((row) => [row.id, row]));
}
