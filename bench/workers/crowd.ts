import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Strata } from '../../test/support/strata.js';
import { blobUrlOf } from '../../test/support/strata.js';
import type { HostFigures } from './host.js';

const HOST = fileURLToPath(new URL('./host.ts', import.meta.url));
const MAX_HOSTS = 4;

/** Many workers with no-op trainers, in a few processes. */
export interface Crowd {
  figures(): Promise<HostFigures[]>;
  stop(): Promise<void>;
}

export interface CrowdOptions {
  readonly workers: number;
  /** Seconds that a task takes. */
  readonly seconds: number;
  /** Whether the workers of a process share their connections to Postgres. */
  readonly isShared: boolean;
  /** Settings of the processes, such as another address of Postgres. */
  readonly environment?: Readonly<Record<string, string>>;
}

export async function startCrowd({ servers }: Strata, options: CrowdOptions): Promise<Crowd> {
  const { workers, seconds, isShared, environment } = options;
  const hosts = Math.min(MAX_HOSTS, workers);
  const env = {
    ...process.env,
    DATABASE_URL: servers.databaseUrl,
    REDIS_URL: servers.redisUrl,
    STRATA_HOME: servers.home,
    BLOB_URL: blobUrlOf(servers),
    ...environment,
  };
  const children = Array.from({ length: hosts }, (_, host) => {
    const own = Math.floor((workers + host) / hosts);
    return fork(HOST, [String(own), String(seconds), isShared ? 'shared' : 'own'], {
      env,
      execArgv: ['--import', 'tsx'],
    });
  });
  await Promise.all(children.map(started));
  return {
    figures: () => Promise.all(children.map(figuresOf)),
    async stop() {
      await Promise.all(children.map(stopHost));
    },
  };
}

/** @throws Error if the process ends instead */
async function started(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit').then(() => {
    throw new Error('a process of workers ended at its start');
  });
  // It ends later, too.
  ended.catch(() => undefined);
  await Promise.race([once(child, 'message'), ended]);
}

async function figuresOf(child: ChildProcess): Promise<HostFigures> {
  const answer = once(child, 'message');
  child.send('figures');
  const [figures] = (await answer) as [HostFigures];
  return figures;
}

async function stopHost(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.disconnect();
  await gone;
}
