import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { EventFilter, JobFilter, TenantEvent } from '../../../src/contract/client/jobs.js';
import { type ErrorCode, StrataError } from '../../../src/contract/errors.js';
import { eventually } from '../../support/eventually.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

// No dispatcher and no worker: what is asked here is answered by the tables alone.
let strata: Strata;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER });
});
after(() => strata.stop());

const withCode = (code: ErrorCode) => (error: unknown) => error instanceof StrataError && error.code === code;
const countJobs = async (): Promise<number> =>
  (await strata.sql.query<{ count: number }>('SELECT count(*)::int AS count FROM job')).rows[0]?.count ?? 0;

test('a created job waits in the queue with its spec resolved and its plan', async () => {
  const { job, replayed } = await strata.client.jobs.createJob(smallJob({ name: 'first' }), {});
  assert.equal(replayed, false);
  assert.equal(job.state, 'queued');
  assert.deepEqual(job.queue, { position: 1, reason: 'no worker is connected' });
  assert.equal(job.spec.model.depth, 20);
  assert.equal(typeof job.spec.seed, 'number');
  assert.equal(job.plan.tasks, 13);
  assert.deepEqual(await strata.client.jobs.getJob(job.id), job);
  const events = (await strata.client.jobs.listJobEvents(job.id, { after: 0, limit: 10 })).data;
  assert.deepEqual(
    events.map(({ seq, type }) => [seq, type]),
    [[1, 'job.queued']],
  );
});

test('Idempotency-Key: the same body answers the first job, another body is refused', async () => {
  const options = { idempotencyKey: 'once', bodyHash: 'a' };
  const first = await strata.client.jobs.createJob(smallJob(), options);
  const jobs = await countJobs();
  const second = await strata.client.jobs.createJob(smallJob(), options);
  assert.equal(second.replayed, true);
  assert.equal(second.job.id, first.job.id);
  await assert.rejects(
    strata.client.jobs.createJob(smallJob(), { ...options, bodyHash: 'b' }),
    withCode('idempotency_key_reused'),
  );
  assert.equal(await countJobs(), jobs);
});

test('Idempotency-Key: requests at the same time make one job', async () => {
  const jobs = await countJobs();
  const options = { idempotencyKey: 'at once', bodyHash: 'a' };
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => strata.client.jobs.createJob(smallJob(), options)),
  );
  assert.equal(new Set(answers.map(({ job }) => job.id)).size, 1);
  assert.equal(answers.filter(({ replayed }) => !replayed).length, 1);
  assert.equal(await countJobs(), jobs + 1);
});

test('a dry run answers the job and stores nothing', async () => {
  const jobs = await countJobs();
  const options = { dryRun: true, idempotencyKey: 'dry', bodyHash: 'a' };
  const { job } = await strata.client.jobs.createJob(smallJob(), options);
  assert.equal(job.id, 'dry_run');
  assert.equal(job.plan.parallel_rounds, 4);
  assert.equal(await countJobs(), jobs);
});

test('a spec that cannot be trained is rejected with pointers, and nothing is stored', async () => {
  const jobs = await countJobs();
  await assert.rejects(
    strata.client.jobs.createJob(smallJob({ method: { stages: 10 } }), {}),
    (error: StrataError) => {
      assert.equal(error.errors[0]?.pointer, '/method/stages');
      return withCode('invalid_spec')(error);
    },
  );
  await assert.rejects(
    strata.client.jobs.createJob(smallJob({ dataset: 'cifar' }), {}),
    (error: StrataError) => {
      assert.equal(error.errors[0]?.pointer, '/dataset');
      assert.match(error.errors[0]?.message ?? '', /available: mnist/);
      return withCode('invalid_spec')(error);
    },
  );
  assert.equal(await countJobs(), jobs);
});

test('a dataset that is deleted between the look-up and the insert counts as absent', async () => {
  await strata.sql.query(
    `INSERT INTO dataset SELECT (jsonb_populate_record(dataset, '{"id": "dataset_going", "name": "going"}')).*
     FROM dataset WHERE name = 'mnist'`,
  );
  const deleting = new pg.Client({ connectionString: strata.servers.databaseUrl });
  await deleting.connect();
  await deleting.query('BEGIN');
  await deleting.query(`DELETE FROM dataset WHERE id = 'dataset_going'`);
  const jobs = await countJobs();
  const refused = assert.rejects(
    strata.client.jobs.createJob(smallJob({ dataset: 'going' }), {}),
    withCode('invalid_spec'),
  );
  await eventually('the insert waits for the deletion', async () => {
    const { rows } = await strata.sql.query(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`);
    return rows.length > 0;
  });
  await deleting.query('COMMIT');
  await refused;
  assert.equal(await countJobs(), jobs);
  await deleting.end();
});

test('a queued job is cancelled at once', async () => {
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  const cancelled = await strata.client.jobs.cancelJob(job.id, { force: false });
  assert.equal(cancelled.state, 'cancelled');
  assert.ok(cancelled.finished_at);
  const seen: string[] = [];
  for await (const event of strata.client.jobs.followJobEvents(job.id, 0, new AbortController().signal)) {
    seen.push(event.type);
  }
  assert.deepEqual(seen, ['job.queued', 'job.cancelled']);
});

test('jobs are listed newest first, page by page, by state and by metadata', async () => {
  const created: string[] = [];
  for (let index = 0; index < 5; index++) {
    const spec = smallJob({ metadata: { suite: 'pages', index: String(index) } });
    created.unshift((await strata.client.jobs.createJob(spec, {})).job.id);
  }
  const metadata = { suite: 'pages' };
  const first = await strata.client.jobs.listJobs({ limit: 3, metadata });
  assert.equal(first.has_more, true);
  const second = await strata.client.jobs.listJobs({ limit: 3, metadata, after: first.next ?? '' });
  assert.deepEqual([second.has_more, second.next], [false, null]);
  assert.deepEqual(
    [...first.data, ...second.data].map((job) => job.id),
    created,
  );
  const one = await strata.client.jobs.listJobs({ limit: 9, metadata: { suite: 'pages', index: '2' } });
  assert.deepEqual(
    one.data.map((job) => job.id),
    [created[2]],
  );
  const cancelled = await strata.client.jobs.listJobs({ limit: 9, state: ['cancelled'] });
  assert.ok(cancelled.data.every((job) => job.state === 'cancelled') && cancelled.data.length > 0);
});

test('jobs are found by words, states, dataset, time and accuracy, and archived ones only when asked for', async () => {
  const { jobs } = strata.service.forTenant('searches');
  const ids: string[] = [];
  for (const name of ['ResNet-20 wide_2', 'resnext', 'baseline']) {
    ids.push((await jobs.createJob(smallJob({ name, metadata: { team: 'old' } }), {})).job.id);
  }
  const [wide = '', next = '', base = ''] = ids;
  const found = async (filter: Partial<JobFilter>) =>
    (await jobs.listJobs({ limit: 9, ...filter })).data.map(({ id }) => id);
  await jobs.updateJob(base, { notes: 'The run to beat (0.93)', metadata: { team: 'new' } });
  assert.deepEqual(await found({ q: 'RESN' }), [next, wide]);
  assert.deepEqual(await found({ q: '20 wide 2' }), [wide]);
  assert.deepEqual(await found({ q: 'run 93' }), [base]);
  assert.deepEqual(await found({ q: "it's :* & |" }), []);
  assert.deepEqual(await found({ q: '--' }), []);
  assert.deepEqual(await found({ q: next.slice(0, -1) }), [next]);
  assert.deepEqual(await found({ metadata: { team: 'new' } }), [base]);
  assert.deepEqual(await found({ metadata: { team: 'old' }, q: 'wide' }), [wide]);

  await assert.rejects(jobs.updateJob(wide, { archived: true }), withCode('job_unfinished'));
  await jobs.cancelJob(wide, { force: true });
  assert.deepEqual(await found({ state: ['queued', 'cancelled'] }), [base, next, wide]);
  assert.deepEqual(await found({ state: ['queued'] }), [base, next]);
  assert.notEqual((await jobs.updateJob(wide, { archived: true })).archived_at, null);
  assert.deepEqual(await found({}), [base, next]);
  assert.deepEqual(await found({ archived: true }), [wide]);
  assert.equal((await jobs.updateJob(wide, { archived: false, name: 'again' })).name, 'again');
  assert.deepEqual(await found({ q: 'again' }), [wide]);

  assert.deepEqual(await found({ dataset: 'mnist' }), [base, next, wide]);
  assert.deepEqual(await found({ dataset: 'cifar10' }), []);
  assert.deepEqual(await found({ dataset: 'no such dataset' }), []);
  const at = new Date((await jobs.getJob(next))?.created_at ?? '');
  // Two jobs may be created within a millisecond.
  const within = await found({ createdAfter: at, createdBefore: new Date(at.getTime() + 1) });
  assert.ok(within.includes(next));
  // The clock of ids may be ahead of the clock of `created_at`, and behind it.
  for (const s of [-30, 60]) {
    const later = `UPDATE job SET created_at = created_at + make_interval(secs => $2) WHERE id = $1`;
    await strata.sql.query(later, [next, s]);
    const created = new Date((await jobs.getJob(next))?.created_at ?? '');
    const only = { createdAfter: created, createdBefore: new Date(created.getTime() + 1) };
    assert.deepEqual(await found(only), [next]);
  }

  for (const [id, accuracy] of [
    [wide, 0.5],
    [base, 0.75],
  ] as const) {
    const result = { test_accuracy: accuracy, test_loss: 1 };
    await strata.sql.query('UPDATE job SET result = $2 WHERE id = $1', [id, result]);
  }
  const best = await jobs.listJobs({ limit: 1, order_by: 'accuracy' });
  assert.deepEqual([best.data[0]?.id, best.has_more], [base, true]);
  assert.deepEqual(await found({ order_by: 'accuracy', after: best.next ?? '' }), [wide]);
  await assert.rejects(found({ after: best.next ?? '' }), withCode('invalid_cursor'));
  await assert.rejects(strata.client.jobs.updateJob(base, { name: 'stolen' }), withCode('not_found'));
});

test('following events ends when the reader goes away', async () => {
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  const reader = new AbortController();
  const seen: number[] = [];
  for await (const event of strata.client.jobs.followJobEvents(job.id, 0, reader.signal)) {
    seen.push(event.seq);
    reader.abort();
  }
  assert.deepEqual(seen, [1]);
});

test('unknown ids are answered as absent', async () => {
  const { client } = strata;
  assert.equal(await client.jobs.getJob('job_0'), null);
  assert.equal(await client.jobs.getArtifact('artifact_0'), null);
  assert.equal(await client.datasets.getDataset('none'), null);
  const refused = withCode('not_found');
  await assert.rejects(client.jobs.cancelJob('job_0', { force: true }), refused);
  await assert.rejects(client.jobs.listJobTasks('job_0'), refused);
  await assert.rejects(client.jobs.listJobEvents('job_0', { after: 0, limit: 1 }), refused);
  await assert.rejects(client.jobs.listJobMetrics('job_0', { points: 10 }), refused);
  await assert.rejects(client.jobs.listJobArtifacts('job_0'), refused);
  await assert.rejects(client.jobs.downloadArtifact('artifact_0'), refused);
  const follow = client.jobs
    .followJobEvents('job_0', 0, new AbortController().signal)
    [Symbol.asyncIterator]();
  await assert.rejects(follow.next(), refused);
});

test('the built-in datasets are there, by id', async () => {
  const mnist = await strata.client.datasets.getDataset('mnist');
  assert.equal(mnist?.built_in, true);
  assert.deepEqual(mnist?.splits, {
    train: { count: 60_000 },
    validation: { count: 0 },
    test: { count: 10_000 },
  });
  const { data } = await strata.client.datasets.listDatasets({ limit: 100 });
  assert.deepEqual(data[0], mnist);
  const others = data.slice(1).map(({ name, state }) => `${name} ${state}`);
  assert.deepEqual(others, ['fashion-mnist available', 'cifar-100 available', 'cifar-10 available']);
});

test('health names the servers that answer', async () => {
  const { dependencies, disks, problems } = await strata.service.getReadiness();
  assert.deepEqual(dependencies, { postgres: 'up', redis: 'up', workers: 0 });
  assert.deepEqual(
    disks.map(({ name }) => name),
    ['home', 'blobs'],
  );
  assert.deepEqual(problems, ['No worker is connected.']);
});

test('a Redis that answers but refuses writes is down, with its reason', async (t) => {
  const redis = new Redis(strata.servers.redisUrl);
  t.after(async () => {
    await redis.config('SET', 'maxmemory', '0');
    redis.disconnect();
  });
  await redis.config('SET', 'maxmemory', '1');
  const { dependencies, problems } = await strata.service.getReadiness();
  assert.equal(dependencies.redis, 'down');
  assert.match(problems.join(' '), /Redis refuses writes: OOM/);
});

/** Events that followers of a tenant get, until the test ends. */
function follow(t: TestContext, tenant: string, filter: Partial<EventFilter> = {}): TenantEvent[] {
  const done = new AbortController();
  t.after(() => done.abort());
  const events: TenantEvent[] = [];
  const follower = strata.service
    .forTenant(tenant)
    .jobs.followEvents({ since: new Date(), ...filter }, done.signal);
  void (async () => {
    for await (const event of follower) events.push(event);
  })();
  return events;
}

const createFor = async (tenant: string): Promise<string> =>
  (await strata.service.forTenant(tenant).jobs.createJob(smallJob(), {})).job.id;

const typesOf = (events: readonly TenantEvent[], jobId: string): string[] =>
  events.filter((event) => event.job_id === jobId).map(({ type }) => type);

test('one stream has the events of all jobs of its tenant, once and in order, and of no other', async (t) => {
  const since = new Date(Date.now() - 60_000);
  const before = await createFor('streams');
  const [all, cancelled] = [
    follow(t, 'streams', { since }),
    follow(t, 'streams', { types: ['job.cancelled'] }),
  ];
  const foreign = follow(t, 'elsewhere', { since });
  const [first, second] = [await createFor('streams'), await createFor('streams')];
  for (const id of [before, second, first]) {
    await strata.service.forTenant('streams').jobs.cancelJob(id, { force: true });
  }
  const whole = ['job.queued', 'job.cancelled'];
  await eventually('the last events', async () => cancelled.length >= 3 && all.length >= 6);
  for (const id of [before, first, second]) {
    assert.deepEqual(typesOf(all, id), whole);
    assert.deepEqual(typesOf(cancelled, id), ['job.cancelled']);
  }
  assert.deepEqual(foreign, []);
  const listed = await strata.service.forTenant('streams').jobs.listEvents({ since: null, limit: 5 });
  assert.deepEqual([listed.data.length, listed.has_more], [5, true]);
});

test('a stream goes on after the connection that listens was lost, without a gap', async (t) => {
  const events = follow(t, 'interrupted');
  const first = await createFor('interrupted');
  await eventually('an event', async () => typesOf(events, first).length === 1);
  await strata.sql.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'strata-listen' AND datname = current_database()",
  );
  const second = await createFor('interrupted');
  await eventually('the event of the gap', async () => typesOf(events, second).length === 1);
  assert.deepEqual(typesOf(events, first), ['job.queued']);
});
