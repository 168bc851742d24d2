import type { ResolvedSpec } from '../../contract/spec.js';
import { methodsWith } from '../../method/rules.js';
import { withChosenFields } from '../../network/solvers.js';
import type { TimedTask, TrainedTask } from '../../planning/timed-task.js';
import { COLUMNS } from './columns.js';
import { float, int, json, orNull, text, textOf, time } from './connection/column.js';
import type { Queryable } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';

const SECONDS = json<Readonly<Record<string, number>>>();
const timed = statement('timed-tasks', {
  stage: orNull(int),
  weight: float,
  seconds: SECONDS,
  device: text,
  method: json<ResolvedSpec['method']>(),
});
const trained = statement('trained-tasks', {
  kind: textOf<TrainedTask['kind']>(),
  stage: orNull(int),
  replica: orNull(int),
  weight: float,
  attempt: int,
  device: text,
  startedAt: time,
  finishedAt: time,
  seconds: SECONDS,
  trainers: COLUMNS.task.trainerSeconds,
});

/** One task trains all stages of these, so its seconds are of no single stage. */
const JOINT_METHODS = methodsWith(({ trains }) => trains === 'jointly');

/** Each has its spec in blocks of its own. */
const JOBS_LOOKED_AT = 120;
const MAX_TASKS = 100;

/** The latest tasks of the tenant that trained the same network, all of it, with the same batch size and precision. */
export function findTimedTasks(
  db: Queryable,
  tenant: string,
  datasetId: string,
  { model: { zero_init_residual: _, ...size }, image_size, batch_size, precision }: ResolvedSpec,
): Promise<TimedTask[]> {
  const model = withChosenFields(size);
  const same = JSON.stringify({ model, image_size, batch_size, precision });
  return timed.rows(
    db,
    Prisma.sql`
    SELECT task.stage, task.weight, task.seconds, task.device, latest.spec->'method' AS method
    FROM (SELECT id, spec FROM job WHERE tenant = ${tenant} AND dataset_id = ${datasetId}
      ORDER BY id DESC LIMIT ${JOBS_LOOKED_AT}) latest
    JOIN task ON task.job_id = latest.id
    WHERE latest.spec @> ${same}::jsonb AND task.state = 'succeeded' AND task.kind IN ('stage', 'end_to_end')
      AND task.seconds ? 'forward' AND latest.spec->'method'->>'type' <> ALL(${JOINT_METHODS})
      AND latest.spec->>'freeze' IS NULL
    ORDER BY task.finished_at DESC LIMIT ${MAX_TASKS}`,
  );
}

/** The successful training tasks of a job: stages and joined network, without those that the job it extends has done. */
export function findTrainedTasks(db: Queryable, jobId: string): Promise<TrainedTask[]> {
  return trained.rows(
    db,
    Prisma.sql`
    SELECT kind, stage, replica, weight, attempt, device, started_at AS "startedAt", finished_at AS "finishedAt",
      coalesce(seconds, '{}') AS seconds, trainer_seconds AS trainers
    FROM task WHERE job_id = ${jobId} AND state = 'succeeded' AND attempt > 0 AND kind IN ('stage', 'end_to_end')`,
  );
}
