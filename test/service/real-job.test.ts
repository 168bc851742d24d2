import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import type { components } from '../../src/contract/generated/openapi.js';
import type { Service } from '../../src/service/service.js';
import { eventually } from '../support/eventually.js';
import {
  childrenOf,
  command,
  createJob,
  followEvents,
  getJson,
  startLiveService,
} from '../support/live-service.js';

type Schemas = components['schemas'];

/** Long enough that faults find it at work: six rounds of some seconds. */
const JOB = {
  dataset: 'mnist',
  model: { depth: 8, width: 4 },
  method: { type: 'augmented-lagrangian', stages: 2, round_steps: 10 },
  epochs: 1,
  max_train_samples: 4096,
  batch_size: 64,
  seed: 3,
} as const;

type Fault = (service: Service) => Promise<void> | void;

/** Actions when the stage task of a round starts. */
const FAULTS: Readonly<Record<string, Fault>> = {
  'stage-0-1': (service) => {
    const [trainer] = childrenOf(service.pids().worker!);
    process.kill(trainer!, 'SIGKILL');
  },
  'stage-0-2': (service) => service.children.worker.kill('SIGKILL'),
  'stage-0-3': async (service) => {
    const redis = new Redis(service.redisUrl);
    await redis.flushall();
    redis.disconnect();
  },
};

async function runJob(
  service: Service,
  faults: Readonly<Record<string, Fault>>,
  body: object = JOB,
): Promise<Schemas['Job']> {
  const { id } = await createJob(service, body);
  const due = { ...faults };
  for await (const event of followEvents(service, id)) {
    const key = String(event.data.task);
    if (event.type !== 'task.started' || !due[key]) continue;
    await due[key]?.(service);
    delete due[key];
  }
  assert.deepEqual(Object.keys(due), [], 'every fault found its moment');
  return await getJson(service, `/jobs/${id}`);
}

test('killed trainer, killed worker, flushed Redis, a pause in which everything is killed: bitwise the same model', async (t) => {
  const service = await startLiveService(t, { STRATA_CHECKPOINT_S: '1' });
  const undisturbed = await runJob(service, {});
  const disturbed = await runJob(service, FAULTS);
  assert.deepEqual([undisturbed.state, disturbed.state], ['succeeded', 'succeeded']);
  assert.deepEqual(await modelHashes(service, disturbed), await modelHashes(service, undisturbed));
  assert.deepEqual(disturbed.result?.figures, undisturbed.result?.figures);

  const tasks = await getJson<Schemas['TaskList']>(service, `/jobs/${disturbed.id}/tasks`);
  assert.ok(tasks.data.every(({ state }) => state === 'succeeded'));
  assert.ok(
    tasks.data.some(({ attempt }) => attempt > 1),
    'a task was tried again',
  );
  await assertOnce(service, undisturbed, disturbed);
  const { measured, predicted } = undisturbed.result?.speedup ?? {};
  assert.ok((measured ?? 0) > 0 && (predicted ?? 0) > 0, JSON.stringify(undisturbed.result?.speedup));
  assert.equal(disturbed.result?.speedup, null, 'times of lost attempts are not known');

  const paused = await runPaused(service);
  assert.equal(paused.state, 'succeeded');
  assert.deepEqual(await modelHashes(service, paused), await modelHashes(service, undisturbed));
  await assertOnce(service, undisturbed, paused);

  await proveReproduction(service, undisturbed);
  await provePipeline(service);
});

/** The model that was made first is made again, by trainers that have trained other jobs since. */
async function proveReproduction(service: Service, { result }: Schemas['Job']): Promise<void> {
  const path = `/models/${result?.model_id}/reproductions`;
  const response = await fetch(`${service.apiUrl}${path}`, { method: 'POST' });
  const { id } = (await response.json()) as Schemas['Reproduction'];
  assert.equal(response.status, 202);
  const { equal, reason } = await eventually('the weights are compared', async () => {
    const found = await getJson<Schemas['Reproduction']>(service, `/reproductions/${id}`);
    return found.finished_at !== null && found;
  });
  assert.deepEqual([equal, reason], [true, null]);
}

const PIPELINE = { ...JOB, method: { ...JOB.method, type: 'pipeline' } } as const;

/** Kills a trainer of the gang by its place among the worker's. */
const killTrainer =
  (place: number): Fault =>
  (service) => {
    process.kill(childrenOf(service.pids().worker!).at(place)!, 'SIGKILL');
  };

/** A pipeline on two slots: a gang that loses either trainer, or its worker, leaves the model of one that lost none. */
async function provePipeline(service: Service): Promise<void> {
  const undisturbed = await runJob(service, {}, PIPELINE);
  const disturbed = await runJob(
    service,
    {
      'stage-1': killTrainer(0),
      'stage-2': killTrainer(-1),
      'stage-3': (running) => running.children.worker.kill('SIGKILL'),
    },
    PIPELINE,
  );
  assert.deepEqual([undisturbed.state, disturbed.state], ['succeeded', 'succeeded']);
  assert.deepEqual(await modelHashes(service, disturbed, 3), await modelHashes(service, undisturbed, 3));
  assert.deepEqual(disturbed.result?.figures, undisturbed.result?.figures);
  await assertOnce(service, undisturbed, disturbed);
  const { data: lines } = await getJson<{ data: { task: string; text: string }[] }>(
    service,
    `/jobs/${undisturbed.id}/logs?limit=1000`,
  );
  const shared = lines.filter(({ text }) => text === '2 trainers of this worker share the stages');
  assert.equal(shared.length, 7, 'every round ran on both slots');
  const { data: attempts } = await getJson<Schemas['AttemptList']>(
    service,
    `/jobs/${undisturbed.id}/attempts`,
  );
  const devices = attempts.filter(({ kind }) => kind === 'stage').map((attempt) => attempt.devices.length);
  assert.deepEqual([...new Set(devices)], [2]);
  const { measured, predicted } = undisturbed.result?.speedup ?? {};
  assert.ok((measured ?? 0) > 0 && (predicted ?? 0) > 1, JSON.stringify(undisturbed.result));
}

/** Pauses a job in mid-task, kills every process while it is paused, and resumes it. */
async function runPaused(service: Service): Promise<Schemas['Job']> {
  const { id } = await createJob(service, JOB);
  const started = await firstEvent(service, id, ({ data }) => data.task === 'stage-1-1');
  assert.equal(started.type, 'task.started');
  assert.ok((await command(service, id, 'pause')).pause_requested_at);
  await firstEvent(service, id, ({ type }) => type === 'job.paused');
  for (const child of Object.values(service.children)) {
    const ready = child.nextReady();
    child.kill('SIGKILL');
    await ready;
  }
  const { data: tasks } = await getJson<Schemas['TaskList']>(service, `/jobs/${id}/tasks`);
  assert.ok(!tasks.some(({ state }) => state === 'running'));
  await command(service, id, 'resume');
  await firstEvent(service, id, ({ type }) => type === 'job.succeeded');
  const steps = (await eventsOf(service, id)).map(({ data }) => data.checkpoint_step);
  assert.ok(
    steps.some((step) => typeof step === 'number'),
    'some task went on from a checkpoint',
  );
  return await getJson(service, `/jobs/${id}`);
}

async function firstEvent(
  service: Service,
  jobId: string,
  matches: (event: Schemas['Event']) => boolean,
): Promise<Schemas['Event']> {
  for await (const event of followEvents(service, jobId)) if (matches(event)) return event;
  throw new Error(`${jobId} ended before`);
}

async function eventsOf(service: Service, jobId: string): Promise<Schemas['Event'][]> {
  return (await getJson<Schemas['EventList']>(service, `/jobs/${jobId}/events?limit=1000`)).data;
}

async function modelHashes(service: Service, job: Schemas['Job'], count = 5): Promise<string[]> {
  const { data } = await getJson<Schemas['ArtifactList']>(service, `/jobs/${job.id}/artifacts`);
  // The report names its job.
  const models = data.filter(({ kind }) => kind !== 'report');
  assert.equal(models.length, count);
  return models.map(({ name, sha256 }) => `${name} ${sha256}`).sort();
}

/** Each task succeeded once; every metric point is there once, with the undisturbed run's value, but for speeds. */
async function assertOnce(service: Service, expected: Schemas['Job'], actual: Schemas['Job']): Promise<void> {
  const events = await eventsOf(service, actual.id);
  const succeeded = events.filter(({ type }) => type === 'task.succeeded').map(({ data }) => data.task);
  assert.equal(new Set(succeeded).size, succeeded.length);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
  const curves = async (job: Schemas['Job']) => {
    const { data } = await getJson<Schemas['MetricList']>(service, `/jobs/${job.id}/metrics`);
    return data
      .filter(({ name }) => !['images_per_second', 'data_wait_share'].includes(name))
      .map(({ name, stage, points }) => ({
        key: `${name} ${stage}`,
        points: points.map(([step, value]) => [step, value]),
      }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  };
  assert.deepEqual(await curves(actual), await curves(expected));
}
