import type { ResolvedMethod, ResolvedSpec } from '../../contract/spec.js';
import type { Queryable } from './database.js';

/** A task that trained, and what its parts took. */
export interface TimedTask {
  readonly stage: number | null;
  /** Optimiser steps of the whole network: a stage's share of its round. */
  readonly weight: number;
  readonly seconds: Readonly<Record<string, number>>;
  readonly device: string;
  readonly method: ResolvedMethod;
}

const JOBS_LOOKED_AT = 200;
const MOST_TASKS = 100;

/** The latest tasks of the tenant that trained the same network, on batches of the same size in the same precision. */
export function findTimedTasks(
  db: Queryable,
  tenant: string,
  datasetId: string,
  { model, image_size, batch_size, precision }: ResolvedSpec,
): Promise<TimedTask[]> {
  const same = JSON.stringify({ model, image_size, batch_size, precision });
  return db.$queryRaw`
    SELECT task.stage, task.weight, task.seconds, task.device, latest.spec->'method' AS method
    FROM (SELECT id, spec FROM job WHERE tenant = ${tenant} AND dataset_id = ${datasetId}
      ORDER BY id DESC LIMIT ${JOBS_LOOKED_AT}) latest
    JOIN task ON task.job_id = latest.id
    WHERE latest.spec @> ${same}::jsonb AND task.state = 'succeeded' AND task.kind IN ('stage', 'end_to_end')
      AND task.seconds ? 'forward' AND latest.spec->'method'->>'type' <> 'rounds'
    ORDER BY task.finished_at DESC LIMIT ${MOST_TASKS}`;
}
