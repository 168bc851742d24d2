import type { MetricSample, TaskSuccess } from '../../contract/trainer-protocol.js';
import { type ClaimInputs, endAndClaim } from './claims.js';
import { int, type RowOf, texts } from './connection/column.js';
import type { Database, Transaction } from './connection/database.js';
import { prepare } from './connection/prepared.js';
import { statement } from './connection/statement.js';
import { appending } from './event-appending.js';
import { type NewEvent, wakeReaders } from './events.js';
import { Prisma } from './generated/client.js';
import { newId } from './ids.js';
import { type Fence, isCurrent } from './leases.js';
import { encodeSamples, insertingSamples } from './metrics.js';
import type { ClaimedTask, Claimer } from './tasks.js';

const OPENING = {
  /** Number of tasks that became claimable. */
  opened: int,
  /** Names of the outputs that other tasks read. */
  needed: texts,
};
export type Opening = RowOf<typeof OPENING>;
const succeeded = statement('end-succeeded', OPENING);

/**
 * A task that waits has one of its inputs. The last one makes it ready, at once: the column would round half of all times up
 * to the next millisecond, which has not come for a claim in the same transaction. A task that still waits keeps its time, which
 * is in an index.
 */
const ONE_INPUT_LESS = Prisma.sql`waiting = waiting - 1, state = CASE WHEN waiting = 1 THEN 'ready' ELSE state END,
  due_at = CASE WHEN waiting = 1 THEN date_trunc('milliseconds', now()) ELSE due_at END`;

/** No condition for an index: as long as Postgres knows nothing of the table, it would look at all tasks that wait. */
const STILL_WAITS = Prisma.sql`(state = 'waiting') IS TRUE`;

/** Columns of a task that has succeeded. The values are SQL. */
function withSuccess(
  value: Readonly<Record<'hasSpool' | 'outputs' | 'result' | 'seconds' | 'trainers' | 'runtime', Prisma.Sql>>,
): Prisma.Sql {
  return Prisma.sql`state = 'succeeded', lease_until = NULL, progress = 1, finished_at = now(), has_spool = ${value.hasSpool},
    outputs = ${value.outputs}::jsonb, result = ${value.result}::jsonb, seconds = ${value.seconds}::jsonb,
    trainer_seconds = nullif(${value.trainers}::jsonb, '[]'), runtime = nullif(${value.runtime}::jsonb, 'null')`;
}

/**
 * running > succeeded, if `fence` is the current claim. Deletes the checkpoint, reduces the missing inputs of the
 * tasks that wait for this one, makes those without missing inputs ready. A single statement, because a
 * device waits for it.
 * @returns null for a stale attempt, which has changed nothing
 */
export function endSucceeded(tx: Transaction, fence: Fence, success: TaskSuccess): Promise<Opening | null> {
  const { outputs, result, seconds, trainers = [], runtime = null } = success;
  const encoded = (value: object | null) => Prisma.sql`${JSON.stringify(value)}`;
  const ended = withSuccess({
    hasSpool: Prisma.sql`${hasSpool(success)}`,
    outputs: encoded(outputs),
    result: encoded(result),
    seconds: encoded(seconds),
    trainers: encoded(trainers),
    runtime: encoded(runtime),
  });
  // Readers are given as an array, because Postgres would otherwise join with every waiting task.
  return succeeded.first(
    tx,
    Prisma.sql`
    WITH ended AS (
      UPDATE task SET ${ended}
      WHERE ${isCurrent(fence)}
      RETURNING id, key
    ), readers AS MATERIALIZED (
      SELECT task_id FROM task_dependency JOIN ended ON needs_id = ended.id
    ), opened AS (
      UPDATE task SET ${ONE_INPUT_LESS}
      WHERE id = ANY (ARRAY(SELECT task_id FROM readers)) AND ${STILL_WAITS}
      RETURNING state
    ), dropped AS (
      DELETE FROM checkpoint USING ended WHERE task_id = ended.id
    )
    SELECT (SELECT count(*)::int FROM opened WHERE state = 'ready') AS opened, ARRAY(
      SELECT DISTINCT source->>'output'
      FROM task reader CROSS JOIN LATERAL jsonb_each(reader.inputs) AS input(name, source)
      WHERE reader.id = ANY (ARRAY(SELECT task_id FROM readers)) AND source->>'task' = ended.key
    ) AS needed
    FROM ended`,
  );
}

/** A success after which its job just goes on. */
export interface PlainSuccess {
  readonly jobId: string;
  /** The key of the task. */
  readonly key: string;
  readonly success: TaskSuccess;
  readonly samples: readonly MetricSample[];
  /** Hash of the dataset that the task has prepared. */
  readonly datasetHash: string | null;
  readonly event: NewEvent;
}

const PLAIN = {
  /** Number of tasks that became claimable. */
  opened: int,
  /** Number of webhook deliveries of the event. */
  deliveries: int,
};

// The whole end of most tasks in one statement, which is one round trip and one commit. Each CTE uses the rows of earlier ones:
// - `locked`: the job, as in every transaction that changes a job or its tasks; no row if it is to stop or to pause
// - `ended`: running > succeeded, if the attempt is current and lacks no output that other tasks read
// - `opened`, `dropped`, `noted`: as in `endSucceeded`; the hash is written only where it differs, since many jobs prepare
//   the same dataset at the same time
// - `written`: its last samples (metrics.ts)
// - `draft`, `counted`: its event (event-appending.ts)
// $1, $2: task and attempt, $3: job, $4: key, $5 to $8: outputs, result, seconds, seconds of each trainer, $9: whether it has
// spool files, $10: samples or null, $11: hash or null, $12 to $14: the event, $15: id of deliveries,
// $16: runtime or null.
const plain = prepare(
  'record-plain-success',
  PLAIN,
  Prisma.sql`WITH locked AS MATERIALIZED (
    SELECT id AS job_id, dataset_id FROM job WHERE id = $3 AND stop_as IS NULL AND pause_requested_at IS NULL FOR NO KEY UPDATE
  ), readers AS MATERIALIZED (
    SELECT task_id FROM task_dependency WHERE needs_id = $1
  ), ended AS (
    UPDATE task SET ${withSuccess({
      hasSpool: Prisma.raw('$9'),
      outputs: Prisma.raw('$5'),
      result: Prisma.raw('$6'),
      seconds: Prisma.raw('$7'),
      trainers: Prisma.raw('$8'),
      runtime: Prisma.raw('$16'),
    })}
    FROM locked
    WHERE ${isCurrent({ id: Prisma.raw('$1'), attempt: Prisma.raw('$2') })} AND task.job_id = locked.job_id AND NOT EXISTS (
      SELECT 1 FROM task reader CROSS JOIN LATERAL jsonb_each(reader.inputs) AS input(name, source)
      WHERE reader.id = ANY (ARRAY(SELECT task_id FROM readers)) AND source->>'task' = $4
        AND NOT $5::jsonb ? (source->>'output'))
    RETURNING task.id, task.job_id, locked.dataset_id
  ), opened AS (
    UPDATE task SET ${ONE_INPUT_LESS}
    WHERE id = ANY (ARRAY(SELECT task_id FROM readers, ended)) AND ${STILL_WAITS}
    RETURNING state
  ), dropped AS (
    DELETE FROM checkpoint USING ended WHERE task_id = ended.id
  ), noted AS (
    UPDATE dataset SET sha256 = $11 FROM ended
    WHERE $11::text IS NOT NULL AND dataset.id = ended.dataset_id AND dataset.sha256 IS DISTINCT FROM $11
  ), ${insertingSamples({
    job: Prisma.raw('(SELECT job_id FROM ended WHERE $10::jsonb IS NOT NULL)'),
    attempt: Prisma.raw('$2'),
    samples: Prisma.raw('$10::jsonb'),
  })}, draft AS (
    SELECT 1 AS position, $12::text AS level, $13::text AS type, $14::jsonb->>'message' AS message,
      $14::jsonb->'data' AS data FROM ended
  ), counted AS (
    UPDATE job SET event_seq = event_seq + 1 FROM ended WHERE job.id = ended.job_id
    RETURNING job.id AS job_id, event_seq - 1 AS before, tenant, clock_timestamp() AS at
  ), ${appending(Prisma.raw('$15'))}
  SELECT (SELECT count(*)::int FROM opened WHERE state = 'ready') AS opened,
    (SELECT count(*)::int FROM queued) AS deliveries
  FROM counted`.text,
);

/**
 * Records a success with its event and its samples.
 * @returns the number of tasks that became claimable; null, and nothing is stored, for a stale attempt, a job that is to stop,
 * or an output that is missing
 */
export async function recordPlainSuccess(
  db: Database,
  fence: Fence,
  plainly: PlainSuccess,
): Promise<number | null> {
  return openedBy(db, plainly.jobId, await plain(db, plainValues(fence, plainly)));
}

export interface EndAndNext {
  /** As `recordPlainSuccess` returns. */
  readonly opened: number | null;
  /** The next task; null if none is free, or if nothing was stored. */
  readonly claimed: (ClaimedTask & ClaimInputs) | null;
}

/** The same, and claims the next task in the same transaction, since a device waits for both. */
export async function recordPlainSuccessAndClaim(
  db: Database,
  fence: Fence,
  plainly: PlainSuccess,
  claimer: Claimer,
  leaseMs: number,
): Promise<EndAndNext> {
  const end = plain.of(plainValues(fence, plainly));
  const [rows, claimed] = await endAndClaim(db, end, fence, claimer, leaseMs);
  return { opened: openedBy(db, plainly.jobId, rows), claimed };
}

function openedBy(db: Database, jobId: string, [row]: readonly RowOf<typeof PLAIN>[]): number | null {
  if (row === undefined) return null;
  wakeReaders(db, jobId, row.deliveries);
  return row.opened;
}

function plainValues(
  fence: Fence,
  { jobId, key, success, samples, datasetHash, event }: PlainSuccess,
): unknown[] {
  const { outputs, result, seconds, trainers = [], runtime = null } = success;
  const { type, message, level = 'info', data = {} } = event;
  return [
    fence.id,
    fence.attempt,
    jobId,
    key,
    ...[outputs, result, seconds, trainers].map((value) => JSON.stringify(value)),
    hasSpool(success),
    samples.length > 0 ? encodeSamples(samples) : null,
    datasetHash,
    level,
    type,
    JSON.stringify({ message, data }),
    newId('delivery'),
    JSON.stringify(runtime),
  ];
}

function hasSpool({ outputs }: TaskSuccess): boolean {
  return Object.values(outputs).some(({ uri }) => uri.startsWith('spool:'));
}
