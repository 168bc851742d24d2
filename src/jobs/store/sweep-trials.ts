import type { JobState } from '../../contract/states.js';
import type { Reached } from '../../planning/sweeps/rungs.js';
import type { Parameters, TrialState } from '../../planning/sweeps/types.js';
import { COLUMNS, type PreparedJob } from './columns.js';
import { flag, float, int, orNull, type RowOf, text } from './connection/column.js';
import { type Queryable, type Transaction, toJson } from './connection/database.js';
import { statement } from './connection/statement.js';
import { deviceSecondsOf } from './device-seconds.js';
import { Prisma } from './generated/client.js';
import { newId } from './ids.js';

export type { PreparedJob } from './columns.js';

/** A run of a trial: its row without the job that is to be made of it. */
const RUN = {
  sweepId: text,
  number: int,
  repeat: int,
  parameters: COLUMNS.sweepTrial.parameters,
  seed: float,
  /** Optimizer steps of its job. */
  steps: int,
  state: COLUMNS.sweepTrial.state,
  held: flag,
  jobId: orNull(text),
  value: orNull(float),
  seconds: float,
  /** Rounds after which it is compared with others, and how many of these it may pass. */
  rungs: COLUMNS.sweepTrial.rungs,
  rung: int,
  reached: COLUMNS.sweepTrial.reached,
};
export type TrialRun = RowOf<typeof RUN>;
const runs = statement('runs-of-sweeps', RUN);

const VALUE_AT_ROUND = {
  number: int,
  repeat: int,
  round: orNull(int),
  value: orNull(float),
  /** Milliseconds at which the value was there. */
  order: orNull(float),
};
export type ValueAtRound = RowOf<typeof VALUE_AT_ROUND>;

const OBSERVED = {
  number: int,
  repeat: int,
  /** Null where the job was deleted. */
  jobState: orNull(COLUMNS.job.state),
  /** The objective in the result of the job. */
  value: orNull(float),
  seconds: float,
};
const observed = statement('observe-runs', OBSERVED);
export type ObservedRun = RowOf<typeof OBSERVED>;
const atRounds = statement('values-at-rounds', VALUE_AT_ROUND);
const made = statement('make-job-of-trial', { id: text });

/** A run within its sweep. */
export interface RunPlace {
  readonly number: number;
  readonly repeat: number;
}

export interface NewRun extends RunPlace {
  readonly sweepId: string;
  readonly parameters: Parameters;
  readonly job: PreparedJob;
  readonly refit: PreparedJob | null;
  readonly rungs: readonly number[];
}

/** Rows of one statement: each holds a job. */
const ROWS_TOGETHER = 100;

export async function insertRuns(tx: Transaction, added: readonly NewRun[]): Promise<void> {
  for (let start = 0; start < added.length; start += ROWS_TOGETHER) {
    const data = added
      .slice(start, start + ROWS_TOGETHER)
      .map(({ parameters, job, refit, rungs, ...place }) => ({
        ...place,
        seed: job.spec.seed,
        steps: job.plan.total_steps,
        parameters: toJson(parameters),
        job: toJson(job),
        rungs: toJson(rungs),
        ...(refit && { refit: toJson(refit) }),
      }));
    await tx.sweepTrial.createMany({ data });
  }
}

/** All runs of some sweeps, in order. */
export function findRuns(db: Queryable, sweepIds: readonly string[]): Promise<TrialRun[]> {
  return runs.rows(
    db,
    Prisma.sql`
    SELECT sweep_id AS "sweepId", number, repeat, parameters, seed, steps, state, held, rungs, rung, reached,
      job_id AS "jobId", value,
      CASE WHEN seconds IS NOT NULL THEN seconds WHEN job_id IS NULL THEN 0
        ELSE ${deviceSecondsOf(Prisma.sql`sweep_trial.job_id`)} END AS seconds
    FROM sweep_trial WHERE sweep_id = ANY (${sweepIds}) ORDER BY sweep_id, number, repeat`,
  );
}

/** Reads the jobs of unfinished runs. */
export function observeRuns(tx: Transaction, sweepId: string, metric: string): Promise<ObservedRun[]> {
  return observed.rows(
    tx,
    Prisma.sql`
    SELECT number, repeat, job.state AS "jobState", (job.result->>${metric})::float8 AS value,
      ${deviceSecondsOf(Prisma.sql`sweep_trial.job_id`)} AS seconds
    FROM sweep_trial LEFT JOIN job ON job.id = sweep_trial.job_id
    WHERE sweep_id = ${sweepId} AND sweep_trial.state IN ('running', 'paused') ORDER BY number, repeat`,
  );
}

/** Values of the objective after rounds of unfinished runs. */
export function valuesAtRounds(tx: Transaction, sweepId: string, metric: string): Promise<ValueAtRound[]> {
  return atRounds.rows(
    tx,
    Prisma.sql`
    SELECT number, repeat, round, (task.result->>${metric})::float8 AS value,
      extract(epoch FROM task.finished_at)::float8 * 1000 AS order
    FROM sweep_trial JOIN task ON task.job_id = sweep_trial.job_id
    WHERE sweep_id = ${sweepId} AND sweep_trial.state IN ('running', 'paused')
      AND jsonb_array_length(reached) < jsonb_array_length(rungs)
      AND task.kind = 'evaluate' AND task.key = 'evaluate-' || task.round AND task.state = 'succeeded'`,
  );
}

interface RunChanges {
  readonly rung?: number;
  readonly reached?: readonly Reached[];
  readonly state?: TrialState;
  readonly held?: boolean;
  readonly value?: number | null;
  readonly seconds?: number;
}

export async function changeRun(
  tx: Transaction,
  sweepId: string,
  { number, repeat }: RunPlace,
  { reached, ...changes }: RunChanges,
): Promise<void> {
  await tx.sweepTrial.update({
    where: { sweepId_number_repeat: { sweepId, number, repeat } },
    data: { ...changes, ...(reached && { reached: toJson(reached) }) },
  });
}

/** The columns of a row that hold a job. */
export type JobOfRun = 'job' | 'refit';

/**
 * Stores the job of a run of a locked sweep.
 * @returns its id; null if its dataset is gone
 */
export async function insertJobOfRun(
  tx: Transaction,
  sweepId: string,
  { number, repeat }: RunPlace,
  which: JobOfRun,
): Promise<string | null> {
  const column = Prisma.raw(`sweep_trial.${which}`);
  const row = await made.first(
    tx,
    Prisma.sql`
    INSERT INTO job (id, tenant, name, metadata, state, priority, dataset_id, spec, plan, initial)
    SELECT ${newId('job')}, sweep.tenant, ${column}->'spec'->>'name', ${column}->'spec'->'metadata', 'queued',
      (${column}->'spec'->>'priority')::int, dataset.id, ${column}->'spec', ${column}->'plan',
      nullif(${column}->'initial', 'null')
    FROM sweep_trial JOIN sweep ON sweep.id = sweep_id JOIN dataset ON dataset.id = ${column}->>'datasetId'
    WHERE sweep_id = ${sweepId} AND number = ${number} AND repeat = ${repeat}
    FOR KEY SHARE OF dataset
    RETURNING id`,
  );
  return row?.id ?? null;
}

export async function setJobOfRun(
  tx: Transaction,
  sweepId: string,
  { number, repeat }: RunPlace,
  jobId: string,
): Promise<void> {
  const where = { sweepId_number_repeat: { sweepId, number, repeat } };
  await tx.sweepTrial.update({ where, data: { jobId, state: 'running' } });
}

/** Removes trials that have not started, from this number on. */
export async function deleteWaitingRuns(tx: Transaction, sweepId: string, from: number): Promise<void> {
  await tx.sweepTrial.deleteMany({ where: { sweepId, number: { gte: from }, state: 'waiting' } });
}

/** The state of a job; null if it was deleted. */
export async function jobStateOf(db: Queryable, jobId: string): Promise<JobState | null> {
  const row = await db.job.findUnique({ where: { id: jobId }, select: { state: true } });
  return row?.state ?? null;
}
