import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { API_FLAGS, CHILDREN } from '../../src/service/children.js';
import { compiledFile, compileService } from '../../src/service/compile.js';
import { ROOT } from '../../src/service/root.js';
import { type Servers, startServers } from '../../test/support/servers.js';

/** A process that serves HTTP on a port of its own choice. */
export interface Served {
  readonly url: string;
  stop(): Promise<void>;
}

/** Servers of the benchmark's own, and the API as it ships, without a worker: jobs wait. */
export async function startApi(): Promise<Served & { readonly servers: Servers }> {
  const servers = await startServers();
  const { databaseUrl, redisUrl, home } = servers;
  await compileService();
  const api = await serve(join(ROOT, compiledFile(CHILDREN.api)), {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    STRATA_HOME: home,
    STRATA_RATE_LIMIT: '0',
  });
  const stop = async () => {
    await api.stop();
    await servers.stop();
  };
  return { url: api.url, servers, stop };
}

/** The peer: one route, one insert. */
export function startBare(databaseUrl: string, rowBytes: number): Promise<Served> {
  return serve(fileURLToPath(new URL('./bare.ts', import.meta.url)), {
    DATABASE_URL: databaseUrl,
    ROW_BYTES: String(rowBytes),
  });
}

async function serve(module: string, env: NodeJS.ProcessEnv): Promise<Served> {
  const child: ChildProcess = fork(module, [], {
    env: { ...process.env, PORT: '0', LOG_LEVEL: 'silent', ...env },
    // The peer too: what Node can be told is not what is compared.
    execArgv: [...API_FLAGS, ...(module.endsWith('.ts') ? ['--import', 'tsx'] : [])],
  });
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`${module} ended with ${code}`);
  });
  const [ready] = (await Promise.race([once(child, 'message'), failed])) as [{ url: string }];
  failed.catch(() => undefined);
  const stop = async () => {
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  };
  return { url: ready.url, stop };
}
