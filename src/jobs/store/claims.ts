import type { ResolvedSpec } from '../../contract/spec.js';
import type { BlobUri, TaskOutput } from '../../contract/trainer-protocol.js';
import type { Queryable, Transaction } from './connection/database.js';
import type { DatasetFactsRow } from './datasets.js';
import { taken } from './leases.js';
import { claimableBy } from './queue-order.js';
import type { ClaimedTask, Holder, RunningTask } from './tasks.js';

/** Data from which the holder of a claim works, besides the task itself. */
export interface ClaimInputs {
  readonly spec: ResolvedSpec;
  readonly dataset: DatasetFactsRow;
  readonly traceparent: string | null;
  /** Initial weights of the training; null: random weights. */
  readonly initial: readonly BlobUri[] | null;
  readonly checkpoint: { readonly uri: BlobUri; readonly step: number } | null;
  /** Outputs that the task reads, by the key of the task that made them. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, TaskOutput>>>>;
}

/**
 * ready > running with a new fencing token and lease, including the input data of the task. Returns null if another
 * worker was faster, if nothing is left to do, or if the device is unsuitable. A single statement, because a device
 * waits for it.
 */
export async function claimTask(
  tx: Transaction,
  id: string,
  holder: Holder,
  leaseMs: number,
): Promise<(ClaimedTask & ClaimInputs) | null> {
  const rows = await tx.$queryRaw<(ClaimedTask & ClaimInputs)[]>`
    WITH claimed AS (
      UPDATE task SET state = 'running', error = NULL, ${taken(leaseMs)},
        worker_id = ${holder.workerId}, device = ${holder.device}, started_at = now(), finished_at = NULL
      FROM job
      WHERE task.id = ${id} AND job.id = task.job_id AND ${claimableBy(holder)}
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
    FROM claimed JOIN job ON job.id = claimed.job_id JOIN dataset ON dataset.id = job.dataset_id`;
  return rows[0] ?? null;
}

/** The claim alone, with nothing that a damaged row could keep from being read. */
export async function claimBarely(
  db: Queryable,
  id: string,
  holder: Holder,
  leaseMs: number,
): Promise<RunningTask | null> {
  const rows = await db.$queryRaw<RunningTask[]>`
    UPDATE task SET state = 'running', error = NULL, ${taken(leaseMs)}, worker_id = ${holder.workerId},
      device = ${holder.device}, started_at = now(), finished_at = NULL
    WHERE id = ${id} AND state = 'ready' AND due_at <= now()
    RETURNING id, attempt, job_id AS "jobId", key, kind, stage, round, replica, failures, losses, outages`;
  return rows[0] ?? null;
}
