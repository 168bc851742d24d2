import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { FastifyInstance, InjectOptions } from 'fastify';
import sharp from 'sharp';
import type { Dataset } from '../../../src/contract/client/datasets.js';
import { encodePredictions } from '../../../src/contract/test-predictions.js';
import { buildLiveApp } from '../../api/security/live-api.js';
import { imageFolder } from '../../datasets/support/images.js';
import { makeZip } from '../../datasets/support/zip.js';
import { eventually, processExists } from '../../support/eventually.js';
import { childrenOf } from '../../support/live-service.js';
import { multipartOf } from '../../support/multipart.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';

let strata: Strata;
let app: FastifyInstance;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1 });
  app = await buildLiveApp(strata);
});
after(async () => {
  await app.close();
  await strata.stop();
});

const call = (method: string, url: string, options: InjectOptions = {}) =>
  app.inject({ method: method as 'GET', url, ...options });

const SMALL = async () => makeZip(await imageFolder(['train', 'test'], ['a', 'b'], 20));
/** Takes long enough to be interrupted. */
const LARGE = imageFolder(['train', 'test'], ['a', 'b'], 500, { height: 48, width: 48 }).then(makeZip);

async function upload(name: string, file: Buffer): Promise<Dataset> {
  const response = await call('POST', '/datasets', multipartOf({ file, name }));
  assert.equal(response.statusCode, 201, response.body);
  return response.json();
}

async function settled(id: string): Promise<Dataset> {
  return eventually(`${id} is validated`, async () => {
    const dataset: Dataset = (await call('GET', `/datasets/${id}`)).json();
    return dataset.state !== 'validating' && dataset;
  });
}

/** Contents of the store besides blobs. */
async function leftovers(): Promise<string[]> {
  const root = join(strata.servers.home, 'blobs');
  const listed = await Promise.all(
    ['spool', 'tmp'].map((folder) => readdir(join(root, folder)).catch(() => [])),
  );
  return listed.flat();
}

async function importerOf(workerPid: number): Promise<number> {
  return eventually('an importer runs', async () => {
    for (const pid of childrenOf(workerPid)) {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (command.includes('/datasets/main.')) return pid;
    }
    return null;
  });
}

/** The pid of an importer that has begun to write. */
async function importerAtWork(workerPid: number): Promise<number> {
  const pid = await importerOf(workerPid);
  const spool = join(strata.servers.home, 'blobs/spool');
  await eventually('it writes', async () => {
    const written = await readdir(spool, { recursive: true });
    return written.some((path) => path.endsWith('a1/pixels'));
  });
  return pid;
}

async function nothingLeft(): Promise<void> {
  let left: string[] = [];
  const isEmpty = async () => {
    left = await leftovers();
    return left.length === 0;
  };
  await eventually('nothing is left', isEmpty).catch(() => assert.deepEqual(left, []));
}

test('an upload is validated and trained on; while jobs name it, it stays', async () => {
  const [worker, dispatcher] = await Promise.all([strata.startWorker(), strata.startDispatcher()]);
  const created = await upload('letters', await SMALL());
  assert.deepEqual([created.state, created.image, created.classes], ['validating', null, []]);
  const early = await call('POST', '/jobs', { payload: { dataset: 'letters' } });
  assert.deepEqual([early.statusCode, early.json().code], [409, 'dataset_not_ready']);
  const dataset = await settled(created.id);
  assert.equal(dataset.state, 'ready', JSON.stringify(dataset.problems));
  assert.deepEqual(
    [dataset.classes, dataset.image, dataset.splits, dataset.format, dataset.progress],
    [
      ['a', 'b'],
      { height: 16, width: 16, channels: 3 },
      { train: { count: 40 }, validation: { count: 0 }, test: { count: 40 } },
      'image-folder',
      null,
    ],
  );
  await checkSamples(dataset.id);
  assert.deepEqual(dataset.augmentation, { crop_padding: 2, horizontal_flip: true });
  assert.equal(dataset.source?.size_bytes, (await SMALL()).length);
  const spec = { dataset: 'letters', model: { depth: 8, width: 8 }, epochs: 1, batch_size: 16 };
  const job = (await call('POST', '/jobs', { payload: spec })).json();
  assert.equal(job.spec?.augmentation.crop_padding, 2, JSON.stringify(job));
  const refused = await call('DELETE', `/datasets/${dataset.id}`);
  assert.deepEqual([refused.statusCode, refused.json().code], [409, 'dataset_in_use']);
  const ended = await strata.ended(job.id);
  assert.equal(ended.state, 'succeeded');
  await checkPredictions(job.id, ended.result?.model_id ?? '', dataset.id);
  assert.equal((await call('DELETE', `/models/${ended.result?.model_id}`)).statusCode, 204);
  assert.equal((await call('DELETE', `/jobs/${job.id}`)).statusCode, 204);
  assert.equal((await call('DELETE', `/datasets/${dataset.id}`)).statusCode, 204);
  assert.equal((await call('GET', `/datasets/${dataset.id}`)).statusCode, 404);
  await nothingLeft();
  await Promise.all([worker.stop(), dispatcher.stop()]);
});

/** The images of `SMALL`, as they were uploaded. */
async function checkSamples(id: string): Promise<void> {
  const statistics = (await call('GET', `/datasets/${id}/statistics`)).json();
  assert.deepEqual(statistics.classes, [
    { index: 0, name: 'a', train: 20, validation: 0, test: 20 },
    { index: 1, name: 'b', train: 20, validation: 0, test: 20 },
  ]);
  const sent = (await imageFolder(['train', 'test'], ['a', 'b'], 20)).filter(({ name }) =>
    name.startsWith('test/b/'),
  );
  const seen: string[] = [];
  for (const offset of [0, 15]) {
    const url = `/datasets/${id}/images?split=test&label=1&limit=15&offset=${offset}`;
    const { data, total, has_more: more } = (await call('GET', url)).json();
    assert.deepEqual([data.length, total, more], [offset === 0 ? 15 : 5, 20, offset === 0]);
    for (const { label, links } of data) {
      assert.deepEqual(label, { index: 1, name: 'b' });
      const picture = await call('GET', links.content);
      assert.equal(picture.headers['content-type'], 'image/png');
      seen.push((await sharp(picture.rawPayload).raw().toBuffer()).toString('hex'));
    }
  }
  const pixels = await Promise.all(sent.map(async ({ bytes }) => sharp(bytes).raw().toBuffer()));
  assert.deepEqual(seen.sort(), pixels.map((each) => each.toString('hex')).sort());
  const beyond = await call('GET', `/datasets/${id}/images/test/40`);
  assert.deepEqual([beyond.statusCode, beyond.json().code], [404, 'not_found']);
  const none = await call('GET', '/datasets/mnist/statistics');
  assert.deepEqual([none.statusCode, none.json().code], [409, 'dataset_not_prepared']);
}

/** Three test images, of which the second is taken for the other class. */
async function checkPredictions(jobId: string, modelId: string, datasetId: string): Promise<void> {
  const missing = await call('GET', `/models/${modelId}/evaluation`);
  assert.deepEqual([missing.statusCode, missing.json().code], [409, 'predictions_missing']);
  const answers = {
    labels: Uint16Array.of(0, 0, 1),
    classes: Uint16Array.of(0, 1, 1, 0, 1, 0),
    probabilities: Float32Array.of(0.75, 0.25, 0.625, 0.375, 0.5, 0.5),
  };
  const { uri, size_bytes } = await strata.blobs.put(encodePredictions(answers));
  await strata.sql.query(
    `INSERT INTO artifact (id, job_id, name, kind, media_type, size_bytes, sha256)
     VALUES ('artifact_answers', $1, 'predictions/full.safetensors', 'report', 'application/octet-stream', $2, $3)`,
    [jobId, size_bytes, uri.slice('sha256:'.length)],
  );
  const evaluation = (await call('GET', `/models/${modelId}/evaluation`)).json();
  assert.deepEqual(
    [evaluation.correct, evaluation.matrix],
    [
      2,
      [
        [1, 1],
        [0, 1],
      ],
    ],
  );
  const errors = (await call('GET', `/models/${modelId}/errors?label=0`)).json();
  assert.equal(errors.total, 1);
  assert.deepEqual(errors.data[0].classes, [
    { index: 1, name: 'b', probability: 0.625 },
    { index: 0, name: 'a', probability: 0.375 },
  ]);
  assert.equal(errors.data[0].links.image, `/datasets/${datasetId}/images/test/1`);
  assert.equal((await call('GET', errors.data[0].links.image)).statusCode, 200);
}

test('a dataset with a dot in its name is fetched and deleted by its name, as by its id', async () => {
  const { id } = await upload('letters.v1', await SMALL());
  assert.equal((await call('GET', '/datasets/letters.v1')).json().id, id);
  assert.equal((await call('DELETE', '/datasets/letters.v1')).statusCode, 204);
  assert.equal((await call('GET', `/datasets/${id}`)).statusCode, 404);
  assert.equal((await call('DELETE', '/datasets/letters.v1')).statusCode, 404);
});

test('an importer killed in mid-import is replaced, and the result is there once', async () => {
  const worker = await strata.startWorker();
  const { id } = await upload('killed-importer', await LARGE);
  process.kill(await importerAtWork(worker.pid), 'SIGKILL');
  const dataset = await settled(id);
  assert.deepEqual([dataset.state, dataset.splits.train.count], ['ready', 1_000]);
  await nothingLeft();
  await worker.stop();
});

test('a worker killed in mid-import takes its importer along, and another worker does it', async () => {
  const first = await strata.startWorker();
  const { id } = await upload('killed-worker', await LARGE);
  const importer = await importerAtWork(first.pid);
  await first.kill();
  await eventually('the importer is gone', async () => !(await processExists(importer)));
  assert.equal((await call('GET', `/datasets/${id}`)).json().state, 'validating');
  const second = await strata.startWorker();
  const dataset = await settled(id);
  assert.deepEqual([dataset.state, dataset.splits.train.count], ['ready', 1_000]);
  // The same upload makes the same blobs, however often it was begun.
  const twin: Dataset = (await call('GET', '/datasets/killed-importer')).json();
  assert.deepEqual([dataset.mean, dataset.standard_deviation], [twin.mean, twin.standard_deviation]);
  await nothingLeft();
  await second.stop();
});

test('a dataset deleted in mid-import leaves nothing', async () => {
  const worker = await strata.startWorker();
  const { id } = await upload('deleted', await LARGE);
  const importer = await importerAtWork(worker.pid);
  assert.equal((await call('DELETE', `/datasets/${id}`)).statusCode, 204);
  await eventually('the importer is gone', async () => !(await processExists(importer)));
  await nothingLeft();
  await worker.stop();
});

test('a multipart body that cannot be read is refused, and leaves nothing', async () => {
  const whole = multipartOf({ name: 'broken', file: await SMALL() });
  const cut = { ...whole, payload: whole.payload.subarray(0, -40) };
  const unbound = { ...whole, headers: { 'content-type': 'multipart/form-data' } };
  for (const broken of [cut, unbound]) {
    const { statusCode, body } = await call('POST', '/datasets', broken);
    assert.equal(statusCode, 400, body);
    assert.match(body, /multipart/);
  }
  await nothingLeft();
});

const BUILT_IN = ['mnist', 'fashion-mnist', 'cifar-100', 'cifar-10'];

test('names are unique to a tenant, and nobody sees another’s', async () => {
  const { id } = await upload('mine', await SMALL());
  const twice = await call('POST', '/datasets', multipartOf({ name: 'mine', file: await SMALL() }));
  assert.deepEqual([twice.statusCode, twice.json().code], [409, 'dataset_exists']);
  const builtIn = await call('POST', '/datasets', multipartOf({ name: 'mnist', file: await SMALL() }));
  assert.deepEqual([builtIn.statusCode, builtIn.json().code], [409, 'dataset_exists']);
  const theirs = strata.service.forTenant('theirs');
  assert.equal(await theirs.datasets.getDataset(id), null);
  assert.equal(await theirs.datasets.getDataset('mine'), null);
  assert.deepEqual(
    (await theirs.datasets.listDatasets({ limit: 9 })).data.map(({ name }) => name),
    BUILT_IN,
  );
  await assert.rejects(theirs.datasets.deleteDataset(id), { code: 'not_found' });
  assert.equal((await call('DELETE', `/datasets/${id}`)).statusCode, 204);
  await nothingLeft();
});

test('lists come in pages, built-in ones first', async () => {
  const ids: string[] = [];
  for (let after = ''; ; ) {
    const page = (await call('GET', `/datasets?limit=1${after}`)).json();
    ids.push(...page.data.map(({ name }: Dataset) => name));
    if (!page.has_more) break;
    after = `&after=${page.next}`;
  }
  assert.deepEqual(ids, [...BUILT_IN, 'killed-worker', 'killed-importer']);
});

const REFUSED = [
  { what: 'no file', fields: { name: 'x' }, status: 400, pointer: '/file' },
  { what: 'no name', fields: { file: Buffer.from('x') }, status: 400, pointer: '/name' },
  {
    what: 'a name with a slash',
    fields: { name: 'a/b', file: Buffer.from('x') },
    status: 400,
    pointer: '/name',
  },
  {
    what: 'a name like an id',
    fields: { name: 'dataset_1', file: Buffer.from('x') },
    status: 400,
    pointer: '/name',
  },
  {
    what: 'an unknown field',
    fields: { name: 'x', file: Buffer.from('x'), formt: 'npz' },
    status: 400,
    pointer: '/formt',
  },
  {
    what: 'half a size',
    fields: { name: 'x', file: Buffer.from('x'), image: '{"height": 32}' },
    status: 400,
    pointer: '/image',
  },
  {
    what: 'a share above 1',
    fields: { name: 'x', file: Buffer.from('x'), test_share: '1.5' },
    status: 400,
    pointer: '/test_share',
  },
  { what: 'a file that is text', fields: { name: 'x', file: 'text' }, status: 400, pointer: '/file' },
  {
    what: 'another checksum',
    fields: { name: 'x', file: Buffer.from('x'), sha256: '0'.repeat(64) },
    status: 422,
    pointer: undefined,
  },
] as const;

for (const { what, fields, status, pointer } of REFUSED) {
  test(`${what} is refused and leaves nothing`, async () => {
    const response = await call('POST', '/datasets', multipartOf(fields));
    assert.equal(response.statusCode, status, response.body);
    assert.equal(response.json().errors[0]?.pointer.slice(0, pointer?.length), pointer);
    await nothingLeft();
  });
}
