import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { Redis } from 'ioredis';
import sharp from 'sharp';
import { DEFAULT_TENANT } from '../../../src/contract/access.js';
import type { Model } from '../../../src/contract/client/models.js';
import { openPredictionQueue } from '../../../src/jobs/queue/predictions.js';
import { HELD_KEY, WAITING_KEY } from '../../../src/jobs/queue/question-room.js';
import { buildLiveApp } from '../../api/security/live-api.js';
import { brightness, type ImageShape } from '../../predictor/linear-model.js';
import { eventually } from '../../support/eventually.js';
import { childrenOf } from '../../support/live-service.js';
import type { ServiceProcess } from '../../support/process.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { insertModel } from '../support/models.js';
import { smallJob } from '../support/specs.js';

// In order: the tests before the first worker, with one, and after it was killed.
let strata: Strata;
let app: FastifyInstance;
let redis: Redis;
let model: Model;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1 });
  app = await buildLiveApp(strata);
  redis = new Redis(strata.servers.redisUrl);
  model = await servedModel();
});
after(async () => {
  redis.disconnect();
  await app.close();
  await strata.stop();
});

/** A model that tells dark images from bright ones. */
async function servedModel(
  image: ImageShape = { height: 28, width: 28, channels: 1 },
  tenant = DEFAULT_TENANT,
): Promise<Model> {
  const client = strata.service.forTenant(tenant);
  const { job } = await client.jobs.createJob(smallJob(), {});
  const id = await insertModel(strata.sql, job.id);
  const { uri } = await strata.blobs.put(brightness(image));
  const classes = JSON.stringify(['dark', 'bright']);
  await strata.sql.query('UPDATE model SET serving = $1, classes = $2, image = $3 WHERE id = $4', [
    { full: uri },
    classes,
    image,
    id,
  ]);
  return (await client.models.getModel(id)) ?? assert.fail();
}

const filled = (value: number, side = 28) =>
  sharp(Buffer.alloc(side * side, value), { raw: { width: side, height: side, channels: 1 } });
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

function predict(payload: unknown, query = '', id = model.id, type = 'application/json') {
  const body = Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
  return app.inject({
    method: 'POST',
    url: `/models/${id}/predict${query}`,
    payload: body,
    headers: { 'content-type': type },
  });
}

const BRIGHT = { pixels: [base64(new Uint8Array(28 * 28).fill(200))] };

test('a response without a worker for predictions has Retry-After', async () => {
  const response = await predict(BRIGHT);
  assert.deepEqual([response.statusCode, response.json().code], [503, 'no_predictor'], response.body);
  assert.equal(response.headers['retry-after'], '5');
});

test('a request that no worker answers in time is withdrawn', async () => {
  const options = { places: 32, deadlineMs: 50 };
  const queue = openPredictionQueue(strata.servers.redisUrl, options, () => undefined);
  const { signal } = new AbortController();
  assert.deepEqual(await queue.ask({ items: [] }, { tenant: 'a', signal }), { kind: 'late' });
  assert.equal(await redis.llen(WAITING_KEY), 0);
  await queue.close();
});

let worker: ServiceProcess;

test('images come as JSON, one or several, as pixels, or as the file itself', async () => {
  worker = await strata.startWorker();
  const [dark, bright] = [await filled(10).png().toBuffer(), await filled(240, 90).jpeg().toBuffer()];
  const one = await predict({ image: base64(dark) });
  assert.equal(one.statusCode, 200, one.body);
  const { data, sha256, variant, ms } = one.json();
  assert.deepEqual([data.length, data[0].classes[0].name, variant], [1, 'dark', 'full']);
  assert.match(sha256, /^[0-9a-f]{64}$/);
  assert.ok(ms.total >= ms.compute && ms.compute > 0);
  const names = async (payload: unknown, type?: string) =>
    (await predict(payload, '?top_k=1', model.id, type))
      .json()
      .data.map(({ classes }: { classes: { name: string }[] }) => classes.map(({ name }) => name).join());
  assert.deepEqual(await names({ images: [base64(dark), base64(bright)] }), ['dark', 'bright']);
  assert.deepEqual(await names(BRIGHT), ['bright']);
  assert.deepEqual(await names(bright, 'image/jpeg'), ['bright']);
  assert.deepEqual(await names(await filled(240).webp().toBuffer(), 'image/webp'), ['bright']);
  const [{ classes }] = (await predict(BRIGHT)).json().data;
  // 1 / (1 + e^-7.25), the mean being 200
  assert.ok(Math.abs(classes[0].probability - 1 / (1 + Math.exp(-7.25))) < 1e-5, classes[0].probability);
  assert.deepEqual([classes.length, classes[1].index], [2, 0]);
});

test('a model of colour images takes colour and gray ones of many sizes in one request', async () => {
  const { id } = await servedModel({ height: 32, width: 32, channels: 3 });
  const colour = (background: string, width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background } });
  const files = [
    colour('#f8e0f0', 32, 32).png(),
    colour('#200010', 300, 41).jpeg(),
    colour('#fff0e0', 9, 7).webp(),
    (await filled(10, 64)).png(),
  ];
  const images = await Promise.all(files.map(async (file) => base64(await file.toBuffer())));
  const response = await predict({ images }, '?top_k=1', id);
  assert.equal(response.statusCode, 200, response.body);
  const names = response.json().data.map(({ classes }: { classes: { name: string }[] }) => classes[0]?.name);
  assert.deepEqual(names, ['bright', 'dark', 'bright', 'dark']);
  const gray = await predict({ pixels: [base64(Buffer.alloc(32 * 32))] }, '', id);
  assert.equal(gray.statusCode, 400);
  const { pointer, message } = gray.json().errors[0];
  assert.equal(pointer, '/pixels/0');
  assert.match(message, /^Must have 3072 bytes \(.* 32x32x3\), but has 1024: 1 channels instead of 3\.$/);
});

test('invalid input for a prediction is rejected, naming the image', async () => {
  const good = base64(await filled(10).png().toBuffer());
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="28" height="28"/>');
  const cases: readonly [unknown, number, string, string | undefined, string?][] = [
    [{ images: [good, base64(svg)] }, 422, 'unreadable_image', '/images/1'],
    [svg, 422, 'unreadable_image', '', 'image/png'],
    [{ image: base64(Buffer.from('text')) }, 422, 'unreadable_image', '/image'],
    [{ pixels: [BRIGHT.pixels[0], good] }, 400, 'invalid_request', '/pixels/1'],
    [{ image: good.slice(0, -1) }, 400, 'invalid_request', '/image'],
    [{ images: Array.from({ length: 33 }, () => good) }, 400, 'invalid_request', '/images'],
    [{ image: good, images: [good] }, 400, 'invalid_request', ''],
    [{}, 400, 'invalid_request', ''],
    [{ image: 'no base64!' }, 400, 'invalid_request', '/image'],
    [Buffer.alloc(9_000_000), 413, 'body_too_large', undefined, 'image/png'],
    [Buffer.from('x'), 415, 'unsupported_media_type', undefined, 'image/svg+xml'],
  ];
  for (const [payload, status, code, pointer, type] of cases) {
    const response = await predict(payload, '', model.id, type);
    assert.deepEqual([response.statusCode, response.json().code], [status, code], response.body);
    if (pointer !== undefined) assert.equal(response.json().errors[0].pointer, pointer);
  }
  const elsewhere = await app.inject({
    method: 'POST',
    url: '/jobs',
    payload: Buffer.from('x'),
    headers: { 'content-type': 'image/png' },
  });
  assert.equal(elsewhere.statusCode, 415, 'no other operation takes an image');
  const compact = await predict(BRIGHT, '?variant=compact');
  assert.deepEqual([compact.statusCode, compact.json().code], [409, 'model_not_served'], compact.body);
  const { statusCode } = await strata.client.models
    .getModel(model.id)
    .then(() => predict(BRIGHT, '', 'model_0'));
  assert.equal(statusCode, 404);
});

/** The processes that predict for the worker. */
function predictorsOf({ pid }: ServiceProcess): number[] {
  return childrenOf(pid).filter((child) =>
    readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('/predictor/main.'),
  );
}

/** There is one once it was asked. */
function predictorOf(process: ServiceProcess): number {
  return predictorsOf(process)[0] ?? assert.fail('the worker has a predictor');
}

const counted = (where: 'wait' | 'active', count: number) =>
  eventually(
    `${count} ${where}`,
    async () => (await (where === 'wait' ? redis.llen(WAITING_KEY) : redis.hlen(HELD_KEY))) === count,
  );

test('a predictor killed in mid-request fails its only request, which may be sent again', async () => {
  const predictor = predictorOf(worker);
  process.kill(predictor, 'SIGSTOP');
  const lost = predict(BRIGHT);
  await counted('active', 1);
  process.kill(predictor, 'SIGKILL');
  const response = await lost;
  assert.deepEqual(
    [response.statusCode, response.json().code],
    [503, 'prediction_interrupted'],
    response.body,
  );
  assert.equal(response.headers['retry-after'], '1');
  assert.equal((await predict(BRIGHT)).statusCode, 200);
});

test('requests that lose their predictor together are answered by fresh ones', async () => {
  const predictor = predictorOf(worker);
  process.kill(predictor, 'SIGSTOP');
  const lost = [predict(BRIGHT), predict(BRIGHT)];
  await counted('active', 2);
  process.kill(predictor, 'SIGKILL');
  for (const response of await Promise.all(lost)) assert.equal(response.statusCode, 200, response.body);
  await eventually('the helpers have ended', () => predictorsOf(worker).length <= 1);
  assert.equal((await predict(BRIGHT)).statusCode, 200);
});

test('the first prediction of a tenant has a place beside 18 of another', async () => {
  const { id } = await servedModel(undefined, 'good');
  const question = {
    kind: 'pixels',
    items: BRIGHT.pixels,
    pointer: String,
    variant: 'full',
    topK: 1,
  } as const;
  const { models } = strata.service.forTenant('good');
  const predictor = predictorOf(worker);
  process.kill(predictor, 'SIGSTOP');
  const hostile = [predict(BRIGHT), predict(BRIGHT)];
  await counted('active', 2);
  hostile.push(...Array.from({ length: 16 }, () => predict(BRIGHT)));
  await counted('wait', 16);
  const asked = models.predict(id, question, new AbortController().signal);
  await counted('active', 3);
  await counted('wait', 16);
  process.kill(predictor, 'SIGCONT');
  assert.equal((await asked).data[0]?.classes[0]?.name, 'bright');
  assert.deepEqual([...new Set((await Promise.all(hostile)).map(({ statusCode }) => statusCode))], [200]);
});

test('a caller that goes away takes its prediction with it, whether it waits or is in work', async () => {
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const leaving = new AbortController();
  const ask = () =>
    fetch(`${address}/models/${model.id}/predict`, {
      method: 'POST',
      body: JSON.stringify(BRIGHT),
      headers: { 'content-type': 'application/json' },
      signal: leaving.signal,
    });
  const predictor = predictorOf(worker);
  process.kill(predictor, 'SIGSTOP');
  const asked = Promise.allSettled([ask(), ask(), ask()]);
  await counted('active', 2);
  await counted('wait', 1);
  leaving.abort();
  await asked;
  await counted('wait', 0);
  assert.deepEqual(await redis.keys('strata:questions:data:*'), [], 'nothing is kept of it');
  process.kill(predictor, 'SIGCONT');
  await counted('active', 0);
});

test('requests above the limit get Retry-After; waiting ones are answered', async () => {
  const predictor = predictorOf(worker);
  process.kill(predictor, 'SIGSTOP');
  const taken = [predict(BRIGHT), predict(BRIGHT)];
  await counted('active', 2);
  const waiting = Array.from({ length: 16 }, () => predict(BRIGHT));
  await counted('wait', 16);
  const refused = await predict(BRIGHT);
  assert.deepEqual([refused.statusCode, refused.json().code], [429, 'predictions_full'], refused.body);
  assert.equal(refused.headers['retry-after'], '1');
  process.kill(predictor, 'SIGCONT');
  const answers = await Promise.all([...taken, ...waiting]);
  assert.deepEqual([...new Set(answers.map(({ statusCode }) => statusCode))], [200]);
  assert.equal(await redis.exists(WAITING_KEY), 0);
});

test('a model deleted while it predicts is gone, and the next request does not find it', async () => {
  const { id } = await servedModel();
  assert.equal((await predict(BRIGHT, '', id)).statusCode, 200, 'it is loaded');
  const predictor = predictorOf(worker);
  process.kill(predictor, 'SIGSTOP');
  const asked = predict(BRIGHT, '', id);
  await counted('active', 1);
  await strata.client.models.deleteModel(id);
  process.kill(predictor, 'SIGCONT');
  assert.deepEqual([(await asked).statusCode, (await predict(BRIGHT, '', id)).statusCode], [404, 404]);
});

test('another worker makes the prediction of a killed worker', async () => {
  process.kill(predictorOf(worker), 'SIGSTOP');
  const asked = predict(BRIGHT);
  await counted('active', 1);
  await worker.kill();
  await strata.startWorker();
  const response = await asked;
  assert.equal(response.statusCode, 200, response.body);
});
