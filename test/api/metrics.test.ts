import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { smallJob } from '../jobs/support/specs.js';
import { eventually } from '../support/eventually.js';
import { FAKE_TRAINER, Strata } from '../support/strata.js';
import { buildLiveApp } from './security/live-api.js';

const OPERATING = new URL('../../docs/operating.md', import.meta.url);

/** A line of Prometheus' text format: name, labels in braces, value. */
const SAMPLE = /^(\w+)(?:\{(.*)\})? (\S+)$/;

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function parse(text: string): Sample[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [, name = '', labels = '', value] = SAMPLE.exec(line) ?? assert.fail(`no sample: ${line}`);
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label, text]);
    return { name, labels: Object.fromEntries(pairs), value: Number(value) };
  });
}

function figureOf(
  samples: readonly Sample[],
  name: string,
  labels: Sample['labels'] = {},
): number | undefined {
  const matches = (sample: Sample) =>
    sample.name === name && Object.entries(labels).every(([key, text]) => sample.labels[key] === text);
  const found = samples.filter(matches);
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}

describe('GET /metrics of a service at work', () => {
  let strata: Strata;
  let app: FastifyInstance;
  let jobId: string;
  before(async () => {
    strata = await Strata.start({ trainer: FAKE_TRAINER });
    app = await buildLiveApp(strata);
    await Promise.all([strata.startDispatcher(), strata.startWorker()]);
    const { job } = await strata.client.jobs.createJob(smallJob(), {});
    jobId = job.id;
    await strata.ended(jobId);
  });
  after(async () => {
    await app.close();
    await strata.stop();
  });

  const scrape = async () => {
    const response = await app.inject('/metrics');
    assert.equal(response.statusCode, 200, response.body);
    assert.match(String(response.headers['content-type']), /^text\/plain; version=0\.0\.4/);
    return response.body;
  };

  test('counts what tasks did, once their worker has stored it', async () => {
    const { data: tasks } = await strata.client.jobs.listJobTasks(jobId);
    const ofKind = (kind: string) => tasks.filter((task) => task.kind === kind).length;
    const samples = await eventually('a figure for every task', async () => {
      const found = parse(await scrape());
      const ended = figureOf(found, 'strata_task_duration_seconds_count', { outcome: 'succeeded' });
      return ended === tasks.length && found;
    });
    for (const kind of ['prepare', 'stage', 'finalize']) {
      const labels = { kind, outcome: 'succeeded' };
      assert.equal(figureOf(samples, 'strata_task_duration_seconds_count', labels), ofKind(kind), kind);
    }
    const { plan, spec } = (await strata.client.jobs.getJob(jobId))!;
    const stageImages = figureOf(samples, 'strata_trained_images_total', { kind: 'stage' });
    const jointImages = figureOf(samples, 'strata_trained_images_total', { kind: 'end_to_end' });
    const stages = spec.method.stages!;
    assert.equal(stageImages! + stages * jointImages!, stages * plan.total_steps * spec.batch_size);
    const parts = tasks.flatMap(({ kind, seconds }) =>
      Object.entries(seconds).map(([part, spent]) => ({ kind, part, spent })),
    );
    const spent = parts.filter(({ kind }) => kind === 'stage').reduce((sum, part) => sum + part.spent, 0);
    const told = figureOf(samples, 'strata_task_part_seconds_total', { kind: 'stage' });
    assert.ok(Math.abs(told! - spent) < 1e-9, `${told} seconds of ${spent}`);
    assert.ok(figureOf(samples, 'strata_metric_lag_seconds_count')! > 0);
  });

  test('counts the work that exists and the work that waits', async () => {
    const samples = parse(await scrape());
    assert.equal(figureOf(samples, 'strata_workers'), 1);
    assert.equal(figureOf(samples, 'strata_slots'), 2);
    assert.equal(figureOf(samples, 'strata_jobs'), 0);
    assert.equal(figureOf(samples, 'strata_wanted_slots'), 0);
    const dispatching = await eventually('a dispatcher’s first report of every loop', async () => {
      const found = parse(await scrape());
      return figureOf(found, 'strata_dispatcher_loop_age_seconds', { loop: 'leases' }) !== undefined && found;
    });
    assert.equal(figureOf(dispatching, 'strata_dispatchers'), 1);
    assert.ok(figureOf(dispatching, 'strata_dispatcher_loop_age_seconds', { loop: 'leases' })! < 60);
    assert.equal(figureOf(dispatching, 'strata_dispatcher_loop_failures', { loop: 'leases' }), 0);
  });

  test('shows a held task as running under a fresh lease, and its job', async () => {
    await strata.orders.hold('prepare');
    const { job } = await strata.client.jobs.createJob(smallJob(), {});
    await strata.event(job.id, 'task.started');
    const samples = await eventually('the running task', async () => {
      const found = parse(await scrape());
      return figureOf(found, 'strata_running_tasks', { kind: 'prepare' }) === 1 && found;
    });
    assert.equal(figureOf(samples, 'strata_jobs', { state: 'preparing' }), 1);
    assert.equal(figureOf(samples, 'strata_wanted_slots'), 1);
    // The lease: beyond it the dispatcher would have taken the task back.
    assert.ok(figureOf(samples, 'strata_lease_age_seconds')! <= 6);
    await strata.orders.release('prepare');
    await strata.ended(job.id);
  });

  test('measures requests by operation and status; pages and unknown paths share one label', async () => {
    const before = parse(await scrape());
    await app.inject('/jobs/none');
    await app.inject('/nothing');
    const now = parse(await scrape());
    const count = (samples: readonly Sample[], labels: Sample['labels']) =>
      figureOf(samples, 'strata_http_request_duration_seconds_count', labels) ?? 0;
    for (const labels of [
      { operation: 'getJob', status: '404' },
      { operation: 'other', status: '404' },
      { operation: 'getMetrics', status: '200' },
    ]) {
      assert.equal(count(now, labels) - count(before, labels), 1, JSON.stringify(labels));
    }
    assert.equal(figureOf(now, 'strata_http_open_requests', { operation: 'getJob' }), 0);
  });

  test('has exactly the names that docs/operating.md lists, and names no job and no tenant', async () => {
    const text = await scrape();
    const served = [...text.matchAll(/^# TYPE (strata_\w+) (\w+)$/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    const documented = [...(await readFile(OPERATING, 'utf8')).matchAll(/^\| `(strata_\w+)` \| (\w+) \|/gm)];
    assert.deepEqual(documented.map(([, name, type]) => `${name} ${type}`).sort(), served.sort());
    assert.ok(!text.includes(jobId) && !text.includes('default'));
  });
});
