import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { BatchPrediction, BatchPredictionRequest } from '../../../src/contract/client/batches.js';
import type { components } from '../../../src/contract/generated/openapi.js';
import { encodePng } from '../../../src/jobs/client/datasets/png.js';
import { handBackBatchPart, recordPictures } from '../../../src/jobs/lifecycle/batches.js';
import { claimBatchPart } from '../../../src/jobs/store/batch-parts.js';
import { heldUploads } from '../../../src/jobs/store/batch-predictions.js';
import { openDatabase } from '../../../src/jobs/store/connection/database.js';
import { readHeldReferences } from '../../../src/jobs/store/references.js';
import { readTenantBytes } from '../../../src/jobs/store/tenant-bytes.js';
import { makeTar } from '../../datasets/support/tar.js';
import { mulberry32, seedOf } from '../../faults/chaos/schedule.js';
import { brightness } from '../../predictor/linear-model.js';
import { eventually } from '../../support/eventually.js';
import type { ServiceProcess } from '../../support/process.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { GRAY_IMAGE, grayOf, insertGrayFiles } from '../support/gray-images.js';
import { insertModel } from '../support/models.js';
import { smallJob } from '../support/specs.js';

type Line = components['schemas']['BatchPredictionLine'];

/** Three parts; `BATCH_IMAGES=20000` makes twenty, and kills a worker after every second one. */
const IMAGES = Number(process.env.BATCH_IMAGES ?? 2_500);
const IMAGES_BETWEEN_KILLS = 2_000;
/** Parts have the lowest priority: on a machine that is busy with other tests they take long. */
const LONG_MS = 600_000;
/** An upper bound of the time that a part takes. */
const LONGEST_MS = 3_000;
const isBroken = (image: number): boolean => image % 500 === 250;

let strata: Strata;
let worker: ServiceProcess;
let model: string;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1 });
  model = await servedModel(strata.client);
});
after(() => strata.stop());

/** A model that tells dark images from bright ones. Its compact network is less sure of it. */
async function servedModel({ jobs }: Strata['client']): Promise<string> {
  const exported = { exports: ['onnx' as const], export_options: { outputs: ['features' as const] } };
  const { job } = await jobs.createJob(smallJob(exported), {});
  const id = await insertModel(strata.sql, job.id);
  const [full, compact] = await Promise.all([
    strata.blobs.put(brightness(GRAY_IMAGE, { outputs: ['features'] })),
    strata.blobs.put(brightness(GRAY_IMAGE, { certainty: 0.2, outputs: ['features'] })),
  ]);
  await strata.sql.query(
    `UPDATE model SET serving = $1, classes = '["dark", "bright"]', image = $2 WHERE id = $3`,
    [{ full: full.uri, compact: compact.uri }, GRAY_IMAGE, id],
  );
  return id;
}

const DEFAULTS = {
  ...({ variant: 'full', format: 'jsonl', topK: 5, embedding: false, cascade: null } as const),
  maxFailedShare: 0.01,
};
interface Asked extends Partial<Omit<BatchPredictionRequest, 'input'>> {
  readonly dataset: string;
  readonly split?: 'test' | 'validation';
}
const ask = ({ dataset, split = 'test', ...changes }: Asked) =>
  create({ ...DEFAULTS, model, ...changes, input: { dataset, split } });
const create = (request: Parameters<typeof strata.client.batches.createBatchPrediction>[0]) =>
  strata.client.batches.createBatchPrediction(request);
const get = async (id: string): Promise<BatchPrediction> =>
  (await strata.client.batches.getBatchPrediction(id)) ?? assert.fail();
const ended = (id: string) =>
  eventually(
    'the batch prediction has ended',
    async () => {
      const batch = await get(id);
      return batch.finished_at !== null && batch;
    },
    LONG_MS,
  );
const isRefused = (code: string) => (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;

const linesIn = (file: string): Line[] =>
  file
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
const download = async (id: string): Promise<string> =>
  text((await strata.client.batches.downloadBatchPrediction(id)).chunks);
const downloadErrors = async (id: string): Promise<Line[]> =>
  linesIn(await text((await strata.client.batches.downloadBatchPredictionErrors(id)).chunks));

const fileOf = (image: number): Buffer =>
  isBroken(image) ? Buffer.from('no image') : encodePng(Buffer.alloc(64, grayOf(image)), GRAY_IMAGE);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The answer of `POST /models/{id}/predict` for an image. */
async function predicted(image: number, variant: 'full' | 'compact' = 'full'): Promise<Line['classes']> {
  const items = [fileOf(image).toString('base64')];
  const question = { variant, kind: 'encoded' as const, items, topK: 5, pointer: () => '' };
  const answer = await strata.client.models.predict(model, question, new AbortController().signal);
  return (answer.data[0]?.classes ?? []).map(({ name, probability }) => ({ name, probability }));
}

test('a request that cannot be answered is refused before any work, and belongs to its tenant', async () => {
  const dataset = await insertGrayFiles(strata, 3);
  await assert.rejects(ask({ dataset, split: 'validation' }), isRefused('invalid_request'));
  await assert.rejects(ask({ dataset: await insertGrayFiles(strata, 0) }), isRefused('invalid_request'));
  const cascade = { threshold: 0.9 };
  await assert.rejects(ask({ dataset, variant: 'compact', cascade }), isRefused('invalid_request'));
  await assert.rejects(ask({ dataset, format: 'csv', embedding: true }), isRefused('invalid_request'));
  await assert.rejects(ask({ dataset: 'none' }), isRefused('not_found'));
  await assert.rejects(ask({ dataset, model: 'digits@production' }), isRefused('not_found'));
  await strata.client.models.tagModel(model, 'production');
  const { id, model_id } = await ask({ dataset, model: 'digits@production' });
  assert.equal(model_id, model);
  await assert.rejects(download(id), isRefused('batch_unfinished'));
  const other = strata.service.forTenant('other').batches;
  for (const stranger of [
    () => other.cancelBatchPrediction(id),
    () => other.deleteBatchPrediction(id),
    () => other.downloadBatchPrediction(id),
    () => other.downloadBatchPredictionErrors(id),
  ])
    await assert.rejects(stranger(), isRefused('not_found'));
  assert.deepEqual((await other.listBatchPredictions({ limit: 10 })).data, []);
  assert.equal((await strata.client.batches.cancelBatchPrediction(id)).state, 'cancelled');
  await assert.rejects(download(id), isRefused('batch_unfinished'));
  await strata.client.batches.deleteBatchPrediction(id);
});

test('tenants take turns: the first part of one does not wait for all parts of another', async () => {
  const other = strata.service.forTenant('other');
  const ours = await ask({ dataset: await insertGrayFiles(strata, 2_500) });
  const theirs = await other.batches.createBatchPrediction({
    ...DEFAULTS,
    model: await servedModel(other),
    input: { dataset: await insertGrayFiles(strata, 3, undefined, 'other'), split: 'test' },
  });
  const db = await openDatabase(strata.servers.databaseUrl, 5_000, 1);
  const claims = [];
  for (let turn = 0; turn < 3; turn++)
    claims.push((await claimBatchPart(db, 'worker_1', 60_000)) ?? assert.fail('a part waits'));
  assert.deepEqual(
    claims.map(({ batchId }) => batchId),
    [ours.id, theirs.id, ours.id],
  );
  for (const claim of claims) await handBackBatchPart(db, claim);
  await db.$disconnect();
  await strata.client.batches.cancelBatchPrediction(ours.id);
  await other.batches.deleteBatchPrediction(theirs.id);
});

const EVENTS = [
  'batch_prediction.succeeded',
  'batch_prediction.failed',
  'batch_prediction.cancelled',
] as const;
/** Messages to webhooks since the last call, by their type. */
async function heard() {
  const { rows } = await strata.sql.query('DELETE FROM webhook_delivery RETURNING type, message');
  return rows
    .toSorted((a, b) => a.type.localeCompare(b.type))
    .map(({ type, message }) => ({ type, ...message.data.batch_prediction }));
}

test('a webhook hears of a cancelled batch prediction once, and not again of one that has ended', async () => {
  await strata.client.webhooks.createWebhook({ url: 'https://example.com/', events: [...EVENTS] });
  const { id } = await ask({ dataset: await insertGrayFiles(strata, 3) });
  assert.deepEqual(await heard(), []);
  await strata.client.batches.cancelBatchPrediction(id);
  await strata.client.batches.cancelBatchPrediction(id);
  const counts = { total: 3, done: 0, failed: 0, by_compact: 0 };
  assert.deepEqual(await heard(), [
    { type: 'batch_prediction.cancelled', id, state: 'cancelled', model_id: model, counts, error: null },
  ]);
});

/** An archive that was sent to the server. */
const upload = (bytes: Buffer) => strata.client.datasets.receiveUpload(Readable.from([bytes]));
const askPictures = async (bytes: Buffer, changes: Partial<BatchPredictionRequest> = {}) =>
  create({ ...DEFAULTS, model, ...changes, input: { upload: await upload(bytes) } });

test('an upload is unpacked into parts once; its bytes count and its files stay until the end', async () => {
  const db = await openDatabase(strata.servers.databaseUrl, 5_000, 1);
  const before = await readTenantBytes(db, 'default');
  const archive = await makeTar([{ name: 'a.png', bytes: fileOf(0) }]);
  const { id, input, counts } = await askPictures(archive);
  assert.deepEqual(input, {
    dataset: null,
    split: null,
    upload: { sha256: sha256(archive), size_bytes: archive.length },
  });
  assert.equal(counts.total, 0);
  assert.equal((await readTenantBytes(db, 'default')) - before, archive.length);
  const claim = (await claimBatchPart(db, 'worker_1', 60_000)) ?? assert.fail('a part waits');
  assert.deepEqual([...(await heldUploads(db, [claim.importId ?? '', 'import_none']))], [claim.importId]);
  const files = await Promise.all(
    ['images', 'offsets', 'names', 'name offsets'].map((text) => strata.blobs.put(Buffer.from(text))),
  );
  const [images, offsets, names, nameOffsets] = files.map(({ uri }) => uri);
  assert.ok(images && offsets && names && nameOffsets);
  const pictures = { images, offsets, names, nameOffsets };
  const success = {
    kind: 'pictures',
    pictures,
    count: 1_500,
    sizeBytes: 70,
    sha256: sha256(archive),
  } as const;
  const stale = { ...claim, attempt: claim.attempt - 1 };
  assert.equal(await recordPictures(db, stale, success, null), false);
  assert.equal(await recordPictures(db, claim, success, null), true);
  assert.equal(await recordPictures(db, claim, success, null), false);
  assert.equal((await get(id)).counts.total, 1_500);
  assert.equal((await readTenantBytes(db, 'default')) - before, 70);
  assert.deepEqual([...(await heldUploads(db, [claim.importId ?? '']))], []);
  const { rows } = await strata.sql.query(
    'SELECT number, first, count FROM batch_part WHERE batch_id = $1 ORDER BY 1',
    [id],
  );
  assert.deepEqual(rows, [
    { number: 0, first: 0, count: 1_000 },
    { number: 1, first: 1_000, count: 500 },
  ]);
  const held = async () => (await readHeldReferences(db)).map(({ uri }) => uri);
  const isHeld = new Set(await held());
  assert.deepEqual(
    [images, offsets, names, nameOffsets].map((uri) => isHeld.has(uri)),
    Array(4).fill(true),
  );
  await strata.client.batches.cancelBatchPrediction(id);
  assert.equal((await held()).includes(images), false);
  assert.equal(await readTenantBytes(db, 'default'), before);
  await db.$disconnect();
});

test('each image has one line, bitwise the answer of a prediction, however many workers are killed', async (t) => {
  const seed = seedOf(process.env);
  t.diagnostic(`SEED=${seed} draws the moments of the kills`);
  const random = mulberry32(seed);
  await heard();
  const { id } = await ask({ dataset: await insertGrayFiles(strata, IMAGES, isBroken) });
  for (let killAt = 0; killAt < IMAGES - 1_000; killAt += IMAGES_BETWEEN_KILLS) {
    worker = await strata.startWorker();
    await eventually('parts are finished and one is at work', async () => {
      const { rows } = await strata.sql.query(
        'SELECT count(lease_until) FILTER (WHERE uri IS NULL)::int AS held FROM batch_part WHERE batch_id = $1',
        [id],
      );
      return rows[0].held > 0 && (await get(id)).counts.done >= killAt;
    });
    // A random moment of the part: its networks are loaded, its images are answered, its lines are stored.
    await delay(random() * LONGEST_MS);
    await worker.kill();
  }
  worker = await strata.startWorker();
  const { state, error, counts, output } = await ended(id);
  const broken = Array.from({ length: IMAGES }, (_, image) => image).filter(isBroken);
  assert.deepEqual([state, error], ['succeeded', null]);
  assert.deepEqual(counts, { total: IMAGES, done: IMAGES, failed: broken.length, by_compact: 0 });
  assert.deepEqual(await heard(), [
    { type: 'batch_prediction.succeeded', id, state, model_id: model, counts, error },
  ]);
  const file = await download(id);
  const lines = linesIn(file);
  assert.deepEqual(
    lines.map(({ key, sha256: hash }) => [key, hash]),
    Array.from({ length: IMAGES }, (_, image) => [`test/${image}`, sha256(fileOf(image))]),
  );
  // Images of equal gray values are equal.
  const answers = new Map<number, Line['classes']>();
  for (let image = 0; answers.size < 256; image++)
    if (!isBroken(image) && !answers.has(grayOf(image))) answers.set(grayOf(image), await predicted(image));
  for (const [image, line] of lines.entries()) {
    if (isBroken(image)) continue;
    assert.deepEqual([line.answered_by, line.classes], ['full', answers.get(grayOf(image))], line.key);
  }
  const errors = await downloadErrors(id);
  assert.deepEqual(
    errors.map(({ key, error: told }) => [key, told?.code]),
    broken.map((image) => [`test/${image}`, 'unreadable_image']),
  );
  assert.deepEqual(lines[250]?.error, errors[0]?.error);
  assert.deepEqual([lines[250]?.answered_by, lines[250]?.classes], [null, []]);
  const errorBytes = errors.reduce((sum, line) => sum + JSON.stringify(line).length + 1, 0);
  assert.equal(output.size_bytes, file.length + errorBytes);
});

test('the compact network of a cascade answers where it is sure, and the line says which did', async () => {
  const dataset = await insertGrayFiles(strata, 64);
  const { id } = await ask({ dataset, cascade: { threshold: 0.8 }, topK: 1, embedding: true });
  const { state, counts } = await ended(id);
  assert.equal(state, 'succeeded');
  const lines = linesIn(await download(id));
  for (const [image, { answered_by, classes, embedding }] of lines.entries()) {
    const quick = (await predicted(image, 'compact')).slice(0, 1);
    const isSure = (quick[0]?.probability ?? 0) >= 0.8;
    assert.equal(answered_by, isSure ? 'compact' : 'full');
    assert.deepEqual(classes, isSure ? quick : (await predicted(image)).slice(0, 1));
    assert.deepEqual(embedding, Array(64).fill(grayOf(image)), 'the features of this network are its pixels');
  }
  const byCompact = lines.filter(({ answered_by }) => answered_by === 'compact').length;
  assert.ok(byCompact > 0 && byCompact < 64, `${byCompact} of 64`);
  assert.equal(counts.by_compact, byCompact);
});

test('pictures of an archive are keyed by their names, in its order; a bad one fails alone', async () => {
  const pictures = [
    { name: 'b/zwölf.png', image: 12 },
    { name: 'a/1.png', image: 1 },
    { name: 'no-ending', image: 2 },
  ];
  const archive = await makeTar(
    [
      ...pictures.map(({ name, image }) => ({ name, bytes: fileOf(image) })),
      { name: 'README.md', bytes: Buffer.from('about') },
      { name: '.hidden.png', bytes: fileOf(3) },
      { name: 'bad.jpg', bytes: Buffer.from('no image') },
      { name: 'empty.png' },
    ],
    true,
  );
  const { id } = await askPictures(archive, { maxFailedShare: 0.5 });
  const { state, counts, input } = await ended(id);
  assert.equal(state, 'succeeded');
  assert.deepEqual(counts, { total: 5, done: 5, failed: 2, by_compact: 0 });
  assert.deepEqual(input.upload, { sha256: sha256(archive), size_bytes: archive.length });
  const lines = linesIn(await download(id));
  assert.deepEqual(
    lines.map(({ key, error }) => [key, error?.code]),
    [
      ...pictures.map(({ name }) => [name, undefined]),
      ['bad.jpg', 'unreadable_image'],
      ['empty.png', 'unreadable_image'],
    ],
  );
  for (const [place, { image }] of pictures.entries()) {
    assert.equal(lines[place]?.sha256, sha256(fileOf(image)));
    assert.deepEqual(lines[place]?.classes, await predicted(image));
  }
  const { rows } = await strata.sql.query(
    'SELECT import_id, input_bytes::int FROM batch_prediction WHERE id = $1',
    [id],
  );
  assert.deepEqual(rows, [{ import_id: null, input_bytes: 0 }]);
});

test('an upload that is empty, unsafe, no archive, or has a name twice fails the batch prediction', async () => {
  const codeOf = async (bytes: Buffer) => (await ended((await askPictures(bytes)).id)).error?.code;
  assert.equal(
    await codeOf(await makeTar([{ name: 'README.md', bytes: Buffer.from('about') }])),
    'batch_without_pictures',
  );
  assert.equal(await codeOf(await makeTar([{ name: '../a.png', bytes: fileOf(1) }])), 'archive_unsafe');
  assert.equal(await codeOf(fileOf(1)), 'archive_unknown');
  const twice = [1, 2].map((image) => ({ name: 'a.png', bytes: fileOf(image) }));
  assert.equal(await codeOf(await makeTar(twice)), 'archive_damaged');
});

test('CSV has a line of names and as many fields in every line', async () => {
  const { id } = await ask({
    dataset: await insertGrayFiles(strata, 3, (image) => image === 1),
    format: 'csv',
    maxFailedShare: 0.5,
  });
  assert.equal((await ended(id)).state, 'succeeded');
  const [head, first, second] = (await download(id)).split('\r\n');
  assert.equal(head, 'key,sha256,answered_by,error,class_1,probability_1,class_2,probability_2');
  const [best, next] = await predicted(0);
  const answer = [best?.name, best?.probability, next?.name, next?.probability];
  assert.equal(first, ['test/0', sha256(fileOf(0)), 'full', '', ...answer].join(','));
  assert.equal(second, `test/1,${sha256(Buffer.from('no image'))},,unreadable_image,,,,`);
});

test('too many unreadable images fail the batch prediction, and all of them always do', async () => {
  await heard();
  const some = await ended(
    (await ask({ dataset: await insertGrayFiles(strata, 50, (image) => image < 2) })).id,
  );
  assert.deepEqual([some.state, some.error?.code], ['failed', 'batch_images_unreadable']);
  assert.deepEqual(some.counts, { total: 50, done: 50, failed: 2, by_compact: 0 });
  assert.equal((await downloadErrors(some.id)).length, 2);
  const { id } = await ask({ dataset: await insertGrayFiles(strata, 4, () => true), maxFailedShare: 1 });
  const all = await ended(id);
  assert.deepEqual([all.state, all.error?.message], ['failed', 'no image can be read.']);
  assert.deepEqual(
    (await heard()).map(({ type, error }) => [type, error.code]),
    Array(2).fill(['batch_prediction.failed', 'batch_images_unreadable']),
  );
  await worker.stop();
});
