import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { components } from '../../../src/contract/generated/openapi.js';
import { type Harm, lookBefore } from './figures.js';
import { inject, nextWrite } from './inject.js';
import type { Cell, Moment, Run } from './schedule.js';
import type { Theatre } from './theatre.js';

type Schemas = components['schemas'];

/** A few seconds of real training in two stages: seven tasks with the end-to-end round and finalize. */
export const JOB = {
  dataset: 'mnist',
  model: { depth: 8, width: 2 },
  method: { type: 'augmented-lagrangian', stages: 2, round_steps: 4 },
  epochs: 1,
  max_train_samples: 512,
  batch_size: 64,
  seed: 3,
} as const;

/** A trainer's last words can be long. */
const SUMMARY_LENGTH = 120;

export interface Played {
  readonly job: Schemas['Job'];
  readonly models: readonly string[];
  readonly curves: readonly object[];
  readonly retried: readonly string[];
  /** Faults of the run before which Postgres answered, in order. */
  readonly harms: readonly Harm[];
  readonly ms: number;
}

/** Runs one job to its end, hurting the service at each moment as the run says, and waits until all is healed. */
export async function play(theatre: Theatre, run: Run): Promise<Played> {
  const startedAt = performance.now();
  const healing: Promise<void>[] = [];
  const harms: Harm[] = [];
  const due = new Map<Moment, Cell>(run.map((cell) => [cell.moment, cell]));
  const done = new AbortController();
  const hurt = (moment: Moment): void => {
    const cell = due.get(moment);
    if (cell) healing.push(harm(cell));
    due.delete(moment);
  };
  const { id } = await post<Schemas['Job']>(theatre, '/jobs', JOB);
  const harm = async (cell: Cell): Promise<void> => {
    const before = await lookBefore(theatre, cell, id);
    if (before) harms.push(before);
    await inject(theatre, cell);
  };
  hurt('queued');
  for await (const event of eventsOf(theatre, id)) {
    if (event.type === 'task.started' && event.data.task === 'stage-0-0' && due.has('running')) {
      hurt('running');
      // Its checkpoint of every second, or its end's: the first file that it, or what it lets start, begins to write.
      void nextWrite(theatre, done.signal).then(
        () => hurt('writing'),
        () => undefined,
      );
    }
    if (event.type === 'job.finalizing') hurt('finalizing');
  }
  done.abort();
  await Promise.all(healing);
  assert.deepEqual([...due.keys()], [], 'every fault found its moment');
  return { ...(await outcome(theatre, id)), harms, ms: performance.now() - startedAt };
}

/** @param checksBytes whether every artifact is read: blobs of a disk that was damaged later are damaged */
export async function outcome(
  theatre: Theatre,
  id: string,
  checksBytes = true,
): Promise<Omit<Played, 'ms' | 'harms'>> {
  const read = <T>(path: string) => get<T>(theatre, `/jobs/${id}${path}`);
  const job = await read<Schemas['Job']>('');
  const artifacts = (await read<Schemas['ArtifactList']>('/artifacts')).data;
  const { data: events } = await read<Schemas['EventList']>('/events?limit=1000');
  const { data: metrics } = await read<Schemas['MetricList']>('/metrics');
  assertOnce(events);
  for (const artifact of checksBytes ? artifacts : []) await assertBytes(theatre, artifact);
  return {
    job,
    // The report names its job.
    models: artifacts
      .filter(({ kind }) => kind !== 'report')
      .map(({ name, sha256 }) => `${name} ${sha256}`)
      .sort(),
    curves: metrics
      .filter(({ name }) => !['images_per_second', 'data_wait_share'].includes(name))
      .map(({ name, stage, points }) => ({
        name,
        stage,
        points: points.map(([step, value]) => [step, value]),
      })),
    retried: events
      .filter(({ type }) => type === 'task.retried' || type === 'task.reopened')
      .map(({ message }) => message.slice(0, SUMMARY_LENGTH)),
  };
}

function assertOnce(events: readonly Schemas['Event'][]): void {
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
    'events are numbered without gaps',
  );
  const tasksOf = (wanted: string) =>
    events.filter(({ type }) => type === wanted).map(({ data }) => data.task as string);
  const [succeeded, reopened] = [tasksOf('task.succeeded'), tasksOf('task.reopened')];
  const once = [...new Set(succeeded)];
  assert.deepEqual(succeeded.sort(), [...once, ...reopened].sort(), 'no task succeeded twice for nothing');
}

/** Asserts that the downloaded bytes are the recorded ones. */
async function assertBytes(theatre: Theatre, { id, name, sha256 }: Schemas['Artifact']): Promise<void> {
  const bytes = await patiently(async () => {
    const response = await fetch(`${theatre.apiUrl}/artifacts/${id}/content`);
    if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
    return new Uint8Array(await response.arrayBuffer());
  });
  assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256, name);
}

/** Acts like a patient client: repeats the request while the API is down. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 600 || error instanceof assert.AssertionError) throw error;
      await delay(400);
    }
  }
}

const ANSWER_MS = 4_000;

export function get<T>(theatre: Theatre, path: string): Promise<T> {
  return patiently(async () => {
    const response = await fetch(theatre.apiUrl + path, { signal: AbortSignal.timeout(ANSWER_MS) });
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  });
}

/** With an Idempotency-Key, as a client that repeats must: one job comes of it. */
export function post<T>(theatre: Theatre, path: string, body: unknown): Promise<T> {
  const key = crypto.randomUUID();
  return patiently(async () => {
    const response = await fetch(theatre.apiUrl + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  });
}

const LOOK_MS = 100;
const TERMINAL = ['job.succeeded', 'job.failed', 'job.cancelled'];

/** An event that tells the moment for a fault. */
interface SeenEvent {
  readonly seq: number;
  readonly type: string;
  readonly data: { readonly task?: string };
}

/** Every event once, in order, past all that is hurt: behind a dead API a whole job would go by unseen. */
async function* eventsOf(theatre: Theatre, id: string): AsyncGenerator<SeenEvent> {
  for (let after = 0; ; await delay(LOOK_MS)) {
    const text = 'SELECT seq, type, data FROM event WHERE job_id = $1 AND seq > $2 ORDER BY seq';
    for (const event of (await theatre.ask<SeenEvent>(text, [id, after])) ?? []) {
      yield event;
      if (TERMINAL.includes(event.type)) return;
      after = event.seq;
    }
  }
}

export function describeRun(run: Run): string {
  return run.map(({ fault, moment }) => `${fault} @ ${moment}`).join(', ');
}
