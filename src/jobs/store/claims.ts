import type { TaskOutput } from '../../contract/trainer-protocol.js';
import { deviceKindOf } from '../../planning/forecast/device-kind.js';
import { COLUMNS } from './columns.js';
import { int, json, objectOf, orNull, type RowOf, text } from './connection/column.js';
import type { Database, Queryable } from './connection/database.js';
import { prepare } from './connection/prepared.js';
import { statement } from './connection/statement.js';
import { type Call, together } from './connection/together.js';
import { FACTS_COLUMNS } from './dataset-facts.js';
import { appending } from './event-appending.js';
import { wakeReaders } from './events.js';
import { Prisma } from './generated/client.js';
import { newId } from './ids.js';
import { type Fence, taken } from './leases.js';
import { MOVES_ON, PHASE_MESSAGE, PHASE_OF_KIND } from './phases.js';
import { claimableWith, turnsOf } from './queue-order.js';
import { CLAIMED_TASK, type ClaimedTask, type Claimer, RUNNING_TASK, type RunningTask } from './tasks.js';

/** Data from which the claimer works, besides the task itself. */
const CLAIM_INPUTS = {
  spec: COLUMNS.job.spec,
  dataset: objectOf(FACTS_COLUMNS),
  traceparent: orNull(text),
  /** Initial weights of the training; null: random weights. */
  initial: COLUMNS.job.initial,
  checkpoint: orNull(objectOf({ uri: COLUMNS.checkpoint.uri, step: int })),
  /** Outputs that the task reads, by the key of the task that made them. */
  outputs: json<Readonly<Record<string, Readonly<Record<string, TaskOutput>>>>>(),
};
export type ClaimInputs = RowOf<typeof CLAIM_INPUTS>;

const CLAIM = {
  ...CLAIMED_TASK,
  ...CLAIM_INPUTS,
  /** Number of webhook deliveries of the events. */
  deliveries: int,
};
type ClaimRow = RowOf<typeof CLAIM>;
const barelyClaimed = statement('claim-task-barely', RUNNING_TASK);

// The name of a task in event messages: `describe` of src/jobs/lifecycle/task-events.ts.
const DESCRIBED = Prisma.sql`concat_ws(', ',
    CASE WHEN stage IS NOT NULL THEN 'stage ' || stage WHEN kind = 'stage' THEN 'all stages'
      ELSE replace(kind, '_', '-') END,
    'round ' || round, 'replica ' || replica) || CASE WHEN attempt > 1 THEN ' (attempt ' || attempt || ')' ELSE '' END`;

// One statement, which is one round trip and one commit, because a device waits for it. Each CTE uses the rows of earlier ones:
// - `picked`: the task to claim and its job, which is locked, as in every transaction that changes a job or its tasks
// - `claimed`: ready > running with a new fencing token and lease. No row if another worker was faster, if the job is to
//   stop, or if the device is unsuitable
// - `started`: the same with the phase of its job, and its checkpoint
// - `draft`, `counted`: the events, and the job with its phase (event-appending.ts)
// The state of a source is no condition for an index: as long as Postgres knows nothing of the table, it would read all tasks
// that have succeeded.
// $1: worker, $2: device, $3: whether it has bfloat16, $4: milliseconds of the lease, $5: id of deliveries.
const claiming = (picked: Prisma.Sql): string =>
  Prisma.sql`WITH RECURSIVE ${picked},
  claimed AS (
    UPDATE task SET state = 'running', error = NULL, ${taken(Prisma.raw('$4::float8'))}, worker_id = $1, device = $2,
      slots = 1, started_at = now(), finished_at = NULL
    FROM picked AS job WHERE task.id = job.task_id AND task.job_id = job.id AND ${claimableWith(Prisma.raw('$3::boolean'))}
    RETURNING task.*, ${PHASE_OF_KIND} AS phase
  ), started AS (
    SELECT claimed.*, job.spec, job.traceparent, job.initial, job.dataset_id, (${MOVES_ON})::int AS moves,
      checkpoint.uri AS checkpoint_uri, checkpoint.step AS checkpoint_step
    FROM claimed JOIN picked AS job ON job.id = claimed.job_id LEFT JOIN checkpoint ON checkpoint.task_id = claimed.id
  ), draft AS (
    SELECT 1 AS position, 'info' AS level, 'job.' || phase AS type, ${PHASE_MESSAGE} AS message, '{}'::jsonb AS data
    FROM started WHERE moves = 1
    UNION ALL
    SELECT 1 + moves, 'info', 'task.started',
      ${DESCRIBED} || CASE WHEN checkpoint_step IS NULL THEN ' started' ELSE ' resumed at step ' || checkpoint_step END,
      jsonb_build_object('task', key, 'kind', kind, 'stage', stage, 'round', round, 'replica', replica,
        'attempt', attempt, 'worker_id', worker_id, 'device', device, 'checkpoint_step', checkpoint_step)
    FROM started
  ), counted AS (
    UPDATE job SET event_seq = event_seq + 1 + moves, state = CASE WHEN moves = 1 THEN phase ELSE job.state END,
      running_since = CASE WHEN job.state = 'queued' THEN now() ELSE running_since END,
      started_at = CASE WHEN job.state = 'queued' THEN coalesce(job.started_at, now()) ELSE job.started_at END
    FROM started WHERE job.id = started.job_id
    RETURNING job.id AS job_id, event_seq - 1 - moves AS before, job.tenant, clock_timestamp() AS at
  ), ${appending(Prisma.raw('$5'))}
  SELECT started.id, attempt, started.job_id AS "jobId", key, kind, stage, round, replica, failures, losses, outages,
    due_at AS "readyAt", inputs, spec, traceparent, initial,
    jsonb_build_object('id', dataset.id, 'tenant', dataset.tenant, 'name', dataset.name, 'state', dataset.state,
      'builtIn', built_in, 'sha256', sha256, 'classes', classes, 'image', image, 'storage', storage,
      'trainCount', train_count, 'testCount', test_count, 'validationCount', validation_count,
      'augmentation', augmentation) AS dataset,
    CASE WHEN checkpoint_uri IS NOT NULL
      THEN jsonb_build_object('uri', checkpoint_uri, 'step', checkpoint_step) END AS checkpoint,
    (SELECT coalesce(jsonb_object_agg(source.key, source.outputs), '{}') FROM task source
      WHERE source.job_id = started.job_id AND (source.state = 'succeeded') IS TRUE
        AND source.key IN (SELECT input.source->>'task' FROM jsonb_each(started.inputs) AS input(name, source))) AS outputs,
    (SELECT count(*)::int FROM queued) AS deliveries
  FROM started JOIN dataset ON dataset.id = started.dataset_id`.text;

/** Columns of the job that a claim needs. */
const OF_JOB = Prisma.sql`job.id, job.state, job.spec, job.traceparent, job.initial, job.dataset_id, job.stop_as,
  job.pause_requested_at`;

// $6: the task.
const claimGiven = prepare(
  'claim-task',
  CLAIM,
  claiming(Prisma.sql`picked AS MATERIALIZED (
    SELECT ${OF_JOB}, $6::text AS task_id FROM job WHERE id = (SELECT job_id FROM task WHERE id = $6)
    FOR NO KEY UPDATE
  )`),
);

// The next task that no other transaction is about to change, locked with its job: slots that ask at the same moment get
// different tasks without waiting for each other. Nothing where the turn is a profile's. $6: the kind of the device, $7, $8: a
// task and its attempt, whose success an earlier statement of the transaction has recorded: if not, nothing is claimed; or null.
const claimFree = prepare(
  'claim-free-task',
  CLAIM,
  claiming(Prisma.sql`${turnsOf(claimableWith(Prisma.raw('$3::boolean')), Prisma.raw('$6'))},
  picked AS MATERIALIZED (
    SELECT free.* FROM ranked LEFT JOIN LATERAL (
      SELECT ${OF_JOB}, task.id AS task_id FROM task JOIN job ON job.id = task.job_id
      WHERE ranked.kind = 'task' AND ${claimableWith(Prisma.raw('$3::boolean'))} AND task.tenant = ranked.tenant
        AND ($7::text IS NULL OR EXISTS (SELECT 1 FROM task WHERE id = $7 AND attempt = $8::int AND state = 'succeeded'))
      ORDER BY task.priority DESC, job_id, position LIMIT 1 FOR NO KEY UPDATE OF job, task SKIP LOCKED
    ) free ON true WHERE ranked.kind = 'profile' OR free.id IS NOT NULL LIMIT 1
  )`),
);

/**
 * Claims a ready task, with its first event, and moves its job to its phase. Returns null if another worker was faster, if
 * nothing is left to do, or if the device is unsuitable.
 */
export async function claimTask(
  db: Database,
  id: string,
  claimer: Claimer,
  leaseMs: number,
): Promise<(ClaimedTask & ClaimInputs) | null> {
  return first(db, await claimGiven(db, [...claimValues(claimer, leaseMs), id]));
}

/** Claims the next task that nobody has locked; null if there is none, or if the next work is a profile. */
export async function claimFreeTask(
  db: Database,
  claimer: Claimer,
  leaseMs: number,
): Promise<(ClaimedTask & ClaimInputs) | null> {
  return first(db, await claimFree(db, freeValues(claimer, leaseMs, null)));
}

/**
 * Records the end of a task and claims the next one that nobody has locked, in one transaction and one round trip.
 * @param end the statement that records it
 * @param fence the attempt that it ends. Where it does not become a success, nothing is claimed
 * @returns the rows of `end`, and the claim
 */
export async function endAndClaim<Row>(
  db: Database,
  end: Call<Row>,
  fence: Fence,
  claimer: Claimer,
  leaseMs: number,
): Promise<[Row[], (ClaimedTask & ClaimInputs) | null]> {
  const [ended, claimed] = await together(db, end, claimFree.of(freeValues(claimer, leaseMs, fence)));
  return [ended, first(db, claimed)];
}

function freeValues(claimer: Claimer, leaseMs: number, after: Fence | null): unknown[] {
  const kind = deviceKindOf(claimer.device);
  return [...claimValues(claimer, leaseMs), kind, after?.id ?? null, after?.attempt ?? null];
}

function claimValues({ workerId, device, bfloat16 }: Claimer, leaseMs: number): unknown[] {
  return [workerId, device, bfloat16, leaseMs, newId('delivery')];
}

function first(db: Database, [row]: readonly ClaimRow[]): (ClaimedTask & ClaimInputs) | null {
  if (row === undefined) return null;
  const { deliveries, ...claim } = row;
  wakeReaders(db, claim.jobId, deliveries);
  return claim;
}

/** The claim alone, with nothing that a damaged row could keep from being read. */
export function claimBarely(
  db: Queryable,
  id: string,
  claimer: Claimer,
  leaseMs: number,
): Promise<RunningTask | null> {
  return barelyClaimed.first(
    db,
    Prisma.sql`
    UPDATE task SET state = 'running', error = NULL, ${taken(leaseMs)}, worker_id = ${claimer.workerId},
      device = ${claimer.device}, slots = 1, started_at = now(), finished_at = NULL
    WHERE id = ${id} AND state = 'ready' AND due_at <= now()
    RETURNING id, attempt, job_id AS "jobId", key, kind, stage, round, replica, failures, losses, outages`,
  );
}
