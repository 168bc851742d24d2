import type { components } from '../../../contract/generated/openapi.js';
import type { RedisProbe } from '../../queue/redis.js';
import type { Database } from '../../store/connection/database.js';
import { ownTaskIds } from '../../store/tasks.js';
import { findWorkers } from '../../store/workers.js';
import { listOf, taskIdsOf, toWorker } from '../views/parts.js';

type Schemas = components['schemas'];

const PROBE_MS = 2_000;

/** Never throws: a part that does not answer is `down`. */
export async function readReadiness(db: Database, redis: RedisProbe): Promise<Schemas['Dependencies']> {
  const workers = findWorkers(db).catch(() => null);
  const [found, redisAnswers] = await Promise.all([workers, redis.answers(PROBE_MS)]);
  return {
    postgres: found ? 'up' : 'down',
    redis: redisAnswers ? 'up' : 'down',
    workers: found?.length ?? 0,
  };
}

/** Every worker, with the tasks of this tenant that it runs. */
export async function listWorkers(db: Database, tenant: string): Promise<Schemas['WorkerList']> {
  const rows = await findWorkers(db);
  const own = await ownTaskIds(db, tenant, rows.flatMap(taskIdsOf));
  return listOf(rows.map((row) => toWorker(row, own)));
}
