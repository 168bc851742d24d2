import type { Queryable } from './connection/database.js';
import { wholeNumber } from './connection/literal.js';

/** Jobs whose artifacts one statement forgets. */
const JOBS_AT_ONCE = 1_000;

/**
 * Forgets the files and checkpoints of jobs that ended long ago, unless their model holds a tag. The records stay; a job
 * is marked, so that the next look does not come to it again.
 */
export async function deleteOldArtifacts(db: Queryable, days: number): Promise<void> {
  while ((await forgetSome(db, days)) === JOBS_AT_ONCE);
}

/** @returns how many jobs it came to */
function forgetSome(db: Queryable, days: number): Promise<number> {
  return db.$executeRaw`
    WITH old AS MATERIALIZED (
      SELECT id FROM job
      WHERE finished_at IS NOT NULL AND artifacts_deleted_at IS NULL AND finished_at < now() - ${wholeNumber(days)} * interval '1 day'
        AND NOT EXISTS (
          SELECT FROM model JOIN model_tag ON model_tag.model_id = model.id WHERE model.job_id = job.id)
      ORDER BY finished_at LIMIT ${wholeNumber(JOBS_AT_ONCE)} FOR NO KEY UPDATE SKIP LOCKED
    ), unserved AS (
      UPDATE model SET serving = '{}' FROM old WHERE model.job_id = old.id AND serving <> '{}'
    ), passed AS (
      DELETE FROM checkpoint USING task, old WHERE task.id = checkpoint.task_id AND task.job_id = old.id
    ), states AS (
      DELETE FROM model_state USING model, old WHERE model.id = model_state.model_id AND model.job_id = old.id
    ), files AS (
      DELETE FROM artifact USING old WHERE artifact.job_id = old.id
    )
    UPDATE job SET artifacts_deleted_at = now() FROM old WHERE job.id = old.id`;
}
