import type { Settings } from '../contract/settings.js';
import { checkRedis } from '../jobs/queue/check-redis.js';
import { checkPostgres } from '../jobs/store/connection/check-postgres.js';
import { startPostgres, stopPostgres } from '../provision/postgres/postgres.js';
import type { Progress } from '../provision/progress.js';
import { startRedis, stopRedis } from '../provision/redis/redis.js';

export interface Servers {
  databaseUrl: string;
  redisUrl: string;
  /** Process ids of the servers run here; a given server has none. */
  pids: { postgres?: number; redis?: number };
  /** Stops, in this order, the Redis and the Postgres run here. */
  stop(): Promise<void>;
}

/** The given database servers, or local ones in the home. */
export async function startServers(settings: Settings, progress: Progress): Promise<Servers> {
  if (settings.databaseUrl) await checkPostgres(settings.databaseUrl);
  if (settings.redisUrl) await checkRedis(settings.redisUrl);
  const { home } = settings;
  const stop = async () => {
    if (!settings.redisUrl) await stopRedis(home);
    if (!settings.databaseUrl) await stopPostgres(home);
  };
  try {
    const postgres = settings.databaseUrl
      ? { url: settings.databaseUrl }
      : await progress.step('starting Postgres', () => startPostgres(home));
    const redis = settings.redisUrl
      ? { url: settings.redisUrl }
      : await progress.step('starting Redis', () => startRedis(home, progress));
    const pids = {
      ...('pid' in postgres && { postgres: postgres.pid }),
      ...('pid' in redis && { redis: redis.pid }),
    };
    return { databaseUrl: postgres.url, redisUrl: redis.url, pids, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
