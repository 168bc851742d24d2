import type { TaskOutput } from '../../contract/trainer-protocol.js';
import { COLUMNS } from './columns.js';
import { int, json, objectOf, orNull, type RowOf, text } from './connection/column.js';
import type { Queryable, Transaction } from './connection/database.js';
import { statement } from './connection/statement.js';
import { FACTS_COLUMNS } from './dataset-facts.js';
import { Prisma } from './generated/client.js';
import { taken } from './leases.js';
import { claimableBy } from './queue-order.js';
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

const claimed = statement('claim-task', { ...CLAIMED_TASK, ...CLAIM_INPUTS });
const barelyClaimed = statement('claim-task-barely', RUNNING_TASK);

/**
 * ready > running with a new fencing token and lease, including the input data of the task. Returns null if another
 * worker was faster, if nothing is left to do, or if the device is unsuitable. A single statement, because a device
 * waits for it.
 */
export function claimTask(
  tx: Transaction,
  id: string,
  claimer: Claimer,
  leaseMs: number,
): Promise<(ClaimedTask & ClaimInputs) | null> {
  return claimed.first(
    tx,
    Prisma.sql`
    WITH claimed AS (
      UPDATE task SET state = 'running', error = NULL, ${taken(leaseMs)},
        worker_id = ${claimer.workerId}, device = ${claimer.device}, slots = 1, started_at = now(), finished_at = NULL
      FROM job
      WHERE task.id = ${id} AND job.id = task.job_id AND ${claimableBy(claimer)}
      RETURNING task.*
    )
    SELECT claimed.id, attempt, job_id AS "jobId", key, kind, stage, round, replica, failures, losses, outages,
      due_at AS "readyAt",
      inputs, job.spec, job.traceparent, job.initial,
      jsonb_build_object('id', dataset.id, 'tenant', dataset.tenant, 'name', dataset.name, 'state', dataset.state,
        'builtIn', built_in, 'sha256', sha256, 'classes', classes, 'image', image, 'storage', storage,
        'trainCount', train_count, 'testCount', test_count, 'validationCount', validation_count,
        'augmentation', augmentation) AS dataset,
      (SELECT jsonb_build_object('uri', uri, 'step', step) FROM checkpoint WHERE task_id = claimed.id) AS checkpoint,
      (SELECT coalesce(jsonb_object_agg(source.key, source.outputs), '{}') FROM task source
        WHERE source.job_id = claimed.job_id AND source.state = 'succeeded'
          AND source.key IN (SELECT input.source->>'task' FROM jsonb_each(claimed.inputs) AS input(name, source))) AS outputs
    FROM claimed JOIN job ON job.id = claimed.job_id JOIN dataset ON dataset.id = job.dataset_id`,
  );
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
