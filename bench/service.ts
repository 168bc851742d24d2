import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT } from '../src/service/root.js';

export interface RunningService {
  readonly url: string;
  /** Of `npm start` and of Postgres, which is its own. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** The service as `npm start` runs it, in a home of its own. @param settings variables beside the environment's */
export async function startService(settings: NodeJS.ProcessEnv = {}): Promise<RunningService> {
  const home = await mkdtemp(join(tmpdir(), 'strata-bench-'));
  const env = { ...process.env, STRATA_HOME: home, PORT: '0', LOG_LEVEL: 'warn', ...settings };
  const command = ['--import', 'tsx', 'src/service/start.ts'];
  const child = spawn(process.execPath, command, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk;
      const [, address] = /API +(http\S+)/.exec(said) ?? [];
      if (address !== undefined) resolve(address);
    });
    void ended.then(() => reject(new Error(`the service ended:\n${said}`)));
  });
  const postmaster = await readFile(join(home, 'postgres/data/postmaster.pid'), 'utf8');
  return {
    url,
    pids: [child.pid!, Number(postmaster.split('\n')[0])],
    async stop() {
      child.kill('SIGINT');
      await ended;
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** GET, or POST of a body. @throws Error with the answer's words where it is no success */
export async function call<T>({ url }: RunningService, path: string, body?: object): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const sent = body && { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(url + path, sent);
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return (await response.json()) as T;
}

const LOOK_MS = 400;

/** What lies at a path, once it is in none of these states. */
export async function settled<T extends { state: string }>(
  service: RunningService,
  path: string,
  ...unsettled: string[]
): Promise<T> {
  for (;;) {
    const body = await call<T>(service, path);
    if (!unsettled.includes(body.state)) return body;
    await delay(LOOK_MS);
  }
}
