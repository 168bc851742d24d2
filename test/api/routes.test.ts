import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { RECIPES } from '../../src/contract/recipes.js';
import { QUICK, useApp } from './harness.js';

describe('jobs', () => {
  const { call, createJob, context } = useApp();

  test('POST /jobs fills every default, nested ones too, and answers where the job is', async () => {
    const response = await call('POST', '/jobs', { payload: { dataset: 'mnist' } });
    assert.equal(response.statusCode, 201, response.body);
    const { id, spec } = response.json();
    assert.equal(response.headers.location, `/jobs/${id}`);
    assert.equal(spec.epochs, 10);
    assert.deepEqual(spec.model, {
      family: 'resnet',
      depth: null,
      width: null,
      dropout: 0,
      padding: 'same',
      solver: null,
      steps: null,
      gradient: null,
      learned_time: false,
      zero_init_residual: false,
    });
    assert.deepEqual(spec.method.auxiliary, {
      cost_share: 0.1,
      width: null,
      depth: null,
      learning_rate: null,
    });
    assert.deepEqual(spec.optimizer.schedule.milestones, [0.5, 0.75]);
    assert.deepEqual(spec.augmentation, {
      crop_padding: null,
      horizontal_flip: null,
      cutout: 0,
      random_resized_crop: null,
      padding_mode: 'zero',
      flip: 'random',
      random_erasing: 0,
      mixup: 0,
      cutmix: 0,
      mix_switch: 0.5,
      mix_off_epochs: 0,
      vertical_flip: false,
      rotation: 0,
      color_jitter: null,
      policy: { type: 'none', count: null, magnitude: null },
    });
  });

  test('defaults of one request do not leak into the next', async () => {
    const first = await call('POST', '/jobs', { payload: { dataset: 'mnist', method: { stages: 3 } } });
    const second = await call('POST', '/jobs', { payload: { dataset: 'mnist' } });
    assert.equal(first.json().spec.method.stages, 3);
    assert.equal(second.json().spec.method.stages, null);
  });

  test('a job shows the spec as it was sent beside the spec with every default', async () => {
    const sent = { dataset: 'mnist', method: { stages: 3 } };
    const created = await call('POST', '/jobs', { payload: sent });
    assert.deepEqual(created.json().requested, sent);
    assert.equal(created.json().spec.epochs, 10, 'a default');
    const again = await call('POST', '/jobs?dry_run=true', { payload: created.json().requested });
    assert.deepEqual([again.statusCode, again.json().requested], [200, sent]);
  });

  test('a job shows the values of its recipe where it sent none, and a plan counts with them', async () => {
    const [recipe = '', { optimizer = {} } = {}] = Object.entries(RECIPES)[0] ?? [];
    const own = { nesterov: false };
    const sent = { dataset: 'mnist', recipe, optimizer: own };
    const created = (await call('POST', '/jobs', { payload: sent })).json();
    assert.deepEqual(created.requested, sent);
    const { spec } = created;
    assert.equal(spec.recipe, recipe);
    assert.deepEqual(spec.optimizer, { ...spec.optimizer, ...optimizer, ...own });
    assert.notEqual(spec.optimizer.weight_decay, null);
    for (const path of ['/plans', '/profiles']) {
      const wrong = { job: { ...sent, optimizer: { weight_decay: 'much' } } };
      const refused = await call('POST', path, { payload: wrong });
      assert.equal(refused.json().errors[0].pointer, '/job/optimizer/weight_decay', path);
      assert.ok((await call('POST', path, { payload: { job: sent } })).statusCode < 300, path);
    }
    assert.equal((await call('POST', '/plans', { payload: {} })).json().errors[0].pointer, '/job');
  });

  test('dry_run answers 200 and stores nothing', async () => {
    const before = context.client.jobs.rows.size;
    const response = await call('POST', '/jobs?dry_run=true', { payload: QUICK });
    assert.equal(response.statusCode, 200, response.body);
    const { id, prediction } = response.json();
    assert.equal(id, 'dry_run');
    const plan = await call('POST', '/plans', { payload: { job: QUICK } });
    assert.equal(plan.statusCode, 200, plan.body);
    assert.deepEqual(plan.json(), prediction);
    assert.equal(context.client.jobs.rows.size, before);
  });

  test('a profile is accepted, and found where its Location says', async () => {
    const accepted = await call('POST', '/profiles', { payload: { job: QUICK } });
    assert.equal(accepted.statusCode, 202, accepted.body);
    const found = await call('GET', String(accepted.headers.location));
    assert.deepEqual([found.statusCode, found.json()], [200, accepted.json()]);
    assert.equal((await call('GET', '/profiles/profile_none')).statusCode, 404);
    assert.equal((await call('DELETE', '/profiles/profile_none')).statusCode, 404);
    assert.equal((await call('DELETE', accepted.json().links.self)).statusCode, 204);
    const refused = await call('POST', '/profiles', { payload: { job: QUICK, device: 'tpu' } });
    assert.equal(refused.json().errors[0].pointer, '/device');
  });

  test('the same Idempotency-Key replays, whatever the order of keys, and refuses another body', async () => {
    const headers = { 'idempotency-key': 'k1' };
    const first = await call('POST', '/jobs', { payload: { dataset: 'mnist', epochs: 1 }, headers });
    const again = await call('POST', '/jobs', { payload: { epochs: 1, dataset: 'mnist' }, headers });
    const other = await call('POST', '/jobs', { payload: { dataset: 'mnist', epochs: 2 }, headers });
    assert.equal(first.headers['idempotency-replayed'], undefined);
    assert.deepEqual([again.statusCode, again.json().id], [201, first.json().id]);
    assert.equal(again.headers['idempotency-replayed'], 'true');
    assert.deepEqual([other.statusCode, other.json().code], [422, 'idempotency_key_reused']);
  });

  test('GET /jobs pages by cursor and filters by state and metadata', async () => {
    const ids = [];
    for (const team of ['a', 'b', 'a'])
      ids.push(await createJob({ ...QUICK, metadata: { team, paging: 'yes' } }));
    const filter = 'metadata[paging]=yes';
    const page = (await call('GET', `/jobs?limit=2&${filter}`)).json();
    assert.deepEqual(
      page.data.map((job: { id: string }) => job.id),
      [ids[2], ids[1]],
    );
    const rest = (await call('GET', `/jobs?limit=2&${filter}&after=${page.next}`)).json();
    assert.deepEqual([rest.data.length, rest.has_more, rest.next], [1, false, null]);
    assert.equal((await call('GET', `/jobs?${filter}&metadata[team]=a`)).json().data.length, 2);
    assert.equal((await call('GET', `/jobs?${filter}&state=succeeded`)).json().data.length, 0);
  });

  test('GET /jobs/{id} answers finished jobs of every kind', async () => {
    for (const state of ['succeeded', 'failed', 'cancelled'] as const) {
      const id = await createJob();
      context.client.jobs.finish(id, state);
      const response = await call('GET', `/jobs/${id}`);
      assert.deepEqual([response.statusCode, response.json().state], [200, state], response.body);
    }
  });

  test('an unchanged job, its tasks and its attempts are answered 304 to who has them', async () => {
    const id = await createJob();
    for (const path of [`/jobs/${id}`, `/jobs/${id}/tasks`, `/jobs/${id}/attempts`]) {
      const first = await call('GET', path);
      const tag = String(first.headers.etag);
      const again = (known: string) => call('GET', path, { headers: { 'if-none-match': known } });
      const same = await again(`"other", ${tag}`);
      assert.deepEqual([same.statusCode, same.body, same.headers.etag], [304, '', tag], path);
      assert.equal((await again('"other"')).statusCode, 200);
    }
    const { etag } = (await call('GET', `/jobs/${id}`)).headers;
    context.client.jobs.finish(id, 'failed');
    const changed = await call('GET', `/jobs/${id}`, { headers: { 'if-none-match': String(etag) } });
    assert.equal(changed.json().state, 'failed');
    assert.equal((await call('GET', '/jobs/none', { headers: { 'if-none-match': '*' } })).statusCode, 404);
  });

  test('long JSON is compressed for who accepts gzip, and lines and short answers are not', async () => {
    const id = await createJob();
    const get = (url: string, accept: string) => call('GET', url, { headers: { 'accept-encoding': accept } });
    const plain = await get('/openapi.json', 'br, gzip;q=0');
    assert.equal(plain.headers['content-encoding'], undefined);
    const list = await get('/jobs', 'identity');
    const packed = await get('/jobs', 'br;q=0.5, gzip');
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.equal(packed.headers.vary, 'Accept-Encoding');
    assert.deepEqual(JSON.parse(gunzipSync(packed.rawPayload).toString()), list.json());
    assert.ok(packed.rawPayload.length < list.rawPayload.length);
    assert.equal(Number(packed.headers['content-length']), packed.rawPayload.length);
    for (const url of ['/jobs/none', '/health/live', `/jobs/${id}/events`]) {
      assert.equal((await get(url, 'gzip')).headers['content-encoding'], undefined, url);
    }
    const lines = { accept: 'text/csv', 'accept-encoding': 'gzip' };
    const metrics = await call('GET', `/jobs/${id}/metrics`, { headers: lines });
    assert.equal(metrics.headers['content-encoding'], undefined);
  });

  test('POST /jobs/{id}/cancel works with and without a body', async () => {
    const id = await createJob();
    const plain = await call('POST', `/jobs/${id}/cancel`);
    assert.deepEqual([plain.statusCode, plain.json().state_reason], [202, 'asked'], plain.body);
    const empty = await call('POST', `/jobs/${id}/cancel`, {
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(empty.statusCode, 202, empty.body);
    const forced = await call('POST', `/jobs/${id}/cancel`, { payload: { force: true } });
    assert.equal(forced.json().state_reason, 'forced');
    context.client.jobs.finish(id, 'succeeded');
    assert.equal((await call('POST', `/jobs/${id}/cancel`)).json().code, 'job_finished');
  });

  test('POST /jobs/{id}/pause and /resume', async () => {
    const id = await createJob();
    const paused = await call('POST', `/jobs/${id}/pause`);
    assert.deepEqual([paused.statusCode, paused.json().state], [202, 'paused'], paused.body);
    const resumed = await call('POST', `/jobs/${id}/resume`);
    assert.deepEqual([resumed.statusCode, resumed.json().pause_requested_at], [202, null], resumed.body);
    context.client.jobs.finish(id, 'cancelled');
    for (const verb of ['pause', 'resume']) {
      const refused = await call('POST', `/jobs/${id}/${verb}`);
      assert.deepEqual([refused.statusCode, refused.json().code], [409, 'job_finished']);
      assert.equal((await call('POST', `/jobs/none/${verb}`)).statusCode, 404);
    }
  });

  test('DELETE /jobs/{id} takes finished jobs only', async () => {
    const id = await createJob();
    const early = await call('DELETE', `/jobs/${id}`);
    assert.deepEqual([early.statusCode, early.json().code], [409, 'job_unfinished']);
    context.client.jobs.finish(id, 'failed');
    assert.equal((await call('DELETE', `/jobs/${id}`)).statusCode, 204);
    assert.equal((await call('DELETE', `/jobs/${id}`)).statusCode, 404);
  });

  test('tasks, metrics, events and artifacts of a job', async () => {
    const id = await createJob();
    assert.equal((await call('GET', `/jobs/${id}/tasks`)).json().data[0].key, 'stage-1-0');
    const metrics = (await call('GET', `/jobs/${id}/metrics?name=loss&stage=0&points=2`)).json();
    assert.deepEqual(metrics.data[0].points[1].slice(0, 2), [10, 0.125]);
    assert.equal(metrics.data.length, 1);
    assert.equal((await call('GET', `/jobs/${id}/metrics?name=loss&name=accuracy`)).json().data.length, 2);
    assert.equal((await call('GET', `/jobs/${id}/events?after=0&limit=1`)).json().data[0].seq, 1);
    assert.deepEqual((await call('GET', `/jobs/${id}/artifacts`)).json().data, []);
  });

  test('a path that names no job is 404 everywhere', async () => {
    const paths = ['', '/tasks', '/events', '/logs', '/metrics', '/artifacts'].map(
      (part) => `/jobs/none${part}`,
    );
    for (const url of [...paths, '/artifacts/none', '/artifacts/none/content', '/datasets/none']) {
      const response = await call('GET', url);
      assert.deepEqual([response.statusCode, response.json().code], [404, 'not_found'], url);
    }
    assert.equal((await call('POST', '/jobs/none/cancel')).statusCode, 404);
  });
});

describe('datasets, workers, health', () => {
  const { call, context } = useApp();

  test('built-in datasets are listed and described', async () => {
    assert.equal((await call('GET', '/datasets')).json().data[0].id, 'mnist');
    assert.equal((await call('GET', '/datasets/mnist')).json().splits.train.count, 60_000);
  });

  test('workers are listed', async () => {
    assert.equal((await call('GET', '/workers')).json().data[0].slots.length, 1);
  });

  test('a worker is drained', async () => {
    assert.equal((await call('POST', '/workers/worker_1/drain')).json().draining, true);
    assert.equal((await call('POST', '/workers/worker_2/drain')).statusCode, 404);
  });

  test('readiness follows Postgres; Redis and workers only degrade it', async () => {
    assert.deepEqual((await call('GET', '/health/live')).json(), {
      status: 'ok',
      version: context.service.version,
    });
    assert.equal((await call('GET', '/health/ready')).json().status, 'ok');
    context.service.problems = ['Redis does not answer.'];
    const degraded = (await call('GET', '/health/ready')).json();
    assert.deepEqual([degraded.status, degraded.problems], ['degraded', ['Redis does not answer.']]);
    context.service.dependencies = { postgres: 'down', redis: 'up', workers: 1 };
    context.service.problems = ['Postgres does not respond.', 'The disk of home cannot be read.'];
    const down = await call('GET', '/health/ready');
    assert.deepEqual([down.statusCode, down.json().code], [503, 'unavailable']);
    assert.equal(down.json().detail, context.service.problems.join(' '));
    assert.equal(down.headers['retry-after'], '5');
  });
});
