import { openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { components } from '../../src/contract/generated/openapi.js';
import { parseSettings } from '../../src/contract/settings.js';
import { silent } from '../../src/provision/progress.js';
import { type Service, startService } from '../../src/service/service.js';
import { temporaryFolder } from '../provision/temporary.js';
import { copyPostgres } from './postgres-template.js';

type Schemas = components['schemas'];

/** The service as users run it, real trainer and all, in a home of its own; stopped when the test ends. */
export async function startLiveService(
  t: TestContext,
  environment: Readonly<Record<string, string>> = {},
): Promise<Service> {
  let service: Service | undefined;
  const home = await temporaryFolder(t, async () => service?.stop());
  await copyPostgres(home);
  const settings = parseSettings({ PORT: '0', STRATA_HOME: home, STRATA_SLOTS: '2', ...environment });
  service = await startService({
    settings,
    progress: silent,
    output: openSync(join(home, 'log'), 'a'),
  });
  return service;
}

/** A whole service, or its address alone. */
type Served = Pick<Service, 'apiUrl'>;

export async function getJson<T>(service: Served, path: string): Promise<T> {
  const response = await fetch(service.apiUrl + path);
  if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

export async function createJob(service: Served, body: unknown): Promise<Schemas['Job']> {
  const response = await fetch(`${service.apiUrl}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (response.status !== 201) throw new Error(`POST /jobs: ${response.status} ${await response.text()}`);
  return (await response.json()) as Schemas['Job'];
}

/** Asks something of a job, like `pause`. */
export async function command(service: Served, jobId: string, verb: string): Promise<Schemas['Job']> {
  const response = await fetch(`${service.apiUrl}/jobs/${jobId}/${verb}`, { method: 'POST' });
  if (response.status !== 202) throw new Error(`${verb}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Schemas['Job'];
}

/** Follows a job's events, from the first to the terminal one. */
export async function* followEvents(service: Served, jobId: string): AsyncGenerator<Schemas['Event']> {
  const headers = { accept: 'text/event-stream' };
  const response = await fetch(`${service.apiUrl}/jobs/${jobId}/events`, { headers });
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const records = (text + chunk).split('\n\n');
    text = records.pop()!;
    for (const record of records) {
      const data = record.split('\n').find((line) => line.startsWith('data: '));
      if (data) yield JSON.parse(data.slice('data: '.length)) as Schemas['Event'];
    }
  }
}

/** Processes whose parent is `pid`, from /proc. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => parentOf(candidate) === pid);
}

function parentOf(pid: number): number | null {
  try {
    // pid (name) state ppid ...: the name may hold spaces and brackets.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}
