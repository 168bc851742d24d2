import type { Settings } from '../contract/settings.js';
import { checkRedis } from '../jobs/queue/check-redis.js';
import { checkPostgres } from '../jobs/store/connection/check-postgres.js';
import { launchFirst, type ServerProgram, serverLock, stopServer } from '../provision/local-server.js';
import { acquire } from '../provision/lock.js';
import { postgresServer } from '../provision/postgres/postgres.js';
import type { Progress } from '../provision/progress.js';
import { redisServer } from '../provision/redis/redis.js';
import { Supervised } from './supervisor.js';

export type ServerName = 'postgres' | 'redis';

export interface Servers {
  databaseUrl: string;
  /** The same database without a pooler. */
  directUrl: string;
  redisUrl: string;
  /** The servers run here; a given server is somebody else's to restart. */
  children: Partial<Record<ServerName, Supervised<void>>>;
  stop(patienceMs?: number): Promise<void>;
}

/** The given database servers, or local ones in the home, which are kept running. The caller holds the home's lock. */
export async function startServers(settings: Settings, progress: Progress): Promise<Servers> {
  if (settings.databaseUrl) await checkPostgres(settings.databaseUrl);
  if (settings.directUrl) await checkPostgres(settings.directUrl);
  if (settings.redisUrl) await checkRedis(settings.redisUrl);
  const { home } = settings;
  const children: Servers['children'] = {};
  const stop = async (patienceMs?: number) => {
    await Promise.all(Object.values(children).map((child) => child.stop(patienceMs)));
  };
  const run = async (name: ServerName, server: ServerProgram): Promise<string> => {
    children[name] = supervised(server, progress);
    await children[name].start();
    return server.url();
  };
  try {
    const databaseUrl =
      settings.databaseUrl ??
      (await progress.step('starting Postgres', async () => run('postgres', await postgresServer(home))));
    const redisUrl =
      settings.redisUrl ??
      (await progress.step('starting Redis', async () => run('redis', await redisServer(home, progress))));
    return { databaseUrl, directUrl: settings.directUrl ?? databaseUrl, redisUrl, children, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function supervised(server: ServerProgram, progress: Progress): Supervised<void> {
  let first = true;
  return new Supervised<void>({
    name: server.name,
    stopSignals: server.stopSignals,
    log: progress.line,
    launch: async (signal) => {
      // A server on our locked home folder is left over from another start.
      if (first) await stopServer(server);
      const lock = await acquire(serverLock(server), { signal });
      if (first) {
        const child = await launchFirst(server, lock);
        first = false;
        return child;
      }
      return server.launch(lock).finally(() => lock.release());
    },
    ready: (child) => server.ready(child),
  });
}
