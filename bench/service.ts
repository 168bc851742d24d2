import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { components } from '../src/contract/generated/openapi.js';
import { startPostgres } from '../src/provision/postgres/postgres.js';
import { ROOT } from '../src/service/root.js';

type Schemas = components['schemas'];
type Dataset = Schemas['Dataset'];

export interface RunningService {
  readonly url: string;
  /** Its STRATA_HOME. */
  readonly home: string;
  readonly databaseUrl: string;
  /** Process ids of `npm start` and of its own Postgres. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/**
 * The service as `npm start` runs it.
 * @param settings variables beside the environment's; with no STRATA_HOME among them it has one of its own, which goes with it
 */
export async function startService(settings: NodeJS.ProcessEnv = {}): Promise<RunningService> {
  const kept = settings.STRATA_HOME;
  const home = kept ?? (await mkdtemp(join(tmpdir(), 'strata-bench-')));
  const env = { ...process.env, PORT: '0', LOG_LEVEL: 'warn', ...settings, STRATA_HOME: home };
  const command = ['--import', 'tsx', 'src/service/commands/start.ts'];
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
  const postgres = await startPostgres(home);
  return {
    url,
    home,
    databaseUrl: postgres.url,
    pids: [child.pid!, postgres.pid],
    async stop() {
      child.kill('SIGINT');
      await ended;
      if (kept === undefined) await rm(home, { recursive: true, force: true });
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

/** A job, once it has succeeded. @throws Error where it has not */
export async function succeeded(
  service: RunningService,
  id: string,
): Promise<{ readonly job: Schemas['Job']; readonly tasks: readonly Schemas['Task'][] }> {
  let job = await call<Schemas['Job']>(service, `/jobs/${id}?wait=30`);
  while (job.finished_at === null) job = await call<Schemas['Job']>(service, `/jobs/${id}?wait=30`);
  if (job.state !== 'succeeded') throw new Error(`${job.name} ${job.state}: ${JSON.stringify(job.error)}`);
  const { data: tasks } = await call<Schemas['TaskList']>(service, `/jobs/${id}/tasks`);
  return { job, tasks };
}

/** A job of this body, once it has succeeded. @throws Error where it has not */
export async function trained(service: RunningService, body: object) {
  const { id } = await call<Schemas['Job']>(service, '/jobs', body);
  return succeeded(service, id);
}

/** From a task's claim to its end, of one that has ended. */
export function secondsOfTask({
  started_at,
  finished_at,
}: Pick<Schemas['Task'], 'started_at' | 'finished_at'>): number {
  return (Date.parse(finished_at!) - Date.parse(started_at!)) / 1000;
}

const LOOK_MS = 400;

/** The resource at a path, after it has left all of these states. */
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

/** A dataset made of an archive. @throws Error where it is refused, or turns out not to be one */
export async function upload(
  service: RunningService,
  name: string,
  archive: Blob,
  file: string,
): Promise<Dataset> {
  const form = new FormData();
  form.set('name', name);
  form.set('file', archive, file);
  const response = await fetch(`${service.url}/datasets`, { method: 'POST', body: form });
  if (!response.ok) throw new Error(await response.text());
  const dataset = await settled<Dataset>(service, `/datasets/${name}`, 'validating');
  if (dataset.state !== 'ready') throw new Error(`${name}: ${JSON.stringify(dataset.problems)}`);
  return dataset;
}
