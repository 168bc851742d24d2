import type { BlobUri } from '../../contract/trainer-protocol.js';
import type { Queryable } from './connection/database.js';

/**
 * No attempt whose result may still be recorded has stored a blob before this time. @param graceMs maximum
 * difference between the clocks of the hosts
 */
export async function garbageHorizon(db: Queryable, graceMs: number): Promise<Date> {
  const rows = await db.$queryRaw<{ time: Date }[]>`
    SELECT least(now(), min(started_at)) - ${graceMs} * interval '1 millisecond' AS "time"
    FROM (SELECT started_at FROM task WHERE state = 'running'
      UNION ALL SELECT started_at FROM dataset_import WHERE lease_until IS NOT NULL) AS attempt`;
  return rows[0]?.time ?? new Date(0);
}

export interface Reference {
  readonly uri: BlobUri;
  /** Whether the blob is the manifest of a dataset, which refers to further blobs. */
  readonly isManifest: boolean;
}

/**
 * Every blob that a row refers to, in one snapshot. Outputs of ended jobs are left out, because nobody reads them
 * any more.
 */
export function findReferences(db: Queryable): Promise<Reference[]> {
  return db.$queryRaw`
    SELECT 'sha256:' || sha256 AS uri, false AS "isManifest" FROM artifact
    UNION SELECT serving.value, false FROM model CROSS JOIN LATERAL jsonb_each_text(model.serving) AS serving
    UNION SELECT uri, false FROM checkpoint
    UNION SELECT 'sha256:' || sha256, true FROM dataset WHERE sha256 IS NOT NULL
    UNION SELECT output.value->>'uri', output.key = 'dataset' FROM task JOIN job ON job.id = task.job_id
      CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(task.outputs) WHEN 'object' THEN task.outputs ELSE '{}' END) AS output
      WHERE job.finished_at IS NULL AND output.value->>'uri' LIKE 'sha256:%'
    UNION SELECT initial.uri, false FROM job CROSS JOIN LATERAL jsonb_array_elements_text(job.initial) AS initial(uri)
      WHERE job.finished_at IS NULL AND jsonb_typeof(job.initial) = 'array'`;
}

/**
 * Deletes the rows of files and checkpoints of jobs that ended long ago, unless their model has a tag. The records
 * stay.
 */
export async function deleteOldArtifacts(db: Queryable, days: number): Promise<void> {
  await db.$executeRaw`
    WITH old AS (
      SELECT job.id FROM job LEFT JOIN model ON model.job_id = job.id
      WHERE job.finished_at < now() - ${days} * interval '1 day'
        AND NOT EXISTS (SELECT FROM model_tag WHERE model_tag.model_id = model.id)
    ), forgotten AS (
      UPDATE model SET serving = '{}' FROM old WHERE model.job_id = old.id AND serving <> '{}'
    ), passed AS (
      DELETE FROM checkpoint USING task, old WHERE task.id = checkpoint.task_id AND task.job_id = old.id
    )
    DELETE FROM artifact USING old WHERE artifact.job_id = old.id`;
}
