import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import type { Evaluation } from '../../../src/contract/client/evaluations.js';
import {
  type EncodedSplit,
  encodeManifest,
  type PixelSplit,
  type Splits,
} from '../../../src/contract/dataset-manifest.js';
import type { MetadataColumn } from '../../../src/contract/dataset-metadata.js';
import { encodeOffsets } from '../../../src/contract/dataset-offsets.js';
import type { StrataError } from '../../../src/contract/errors.js';
import type { components } from '../../../src/contract/generated/openapi.js';
import { figuresOf } from '../../../src/measures/index.js';
import { brightness } from '../../predictor/linear-model.js';
import { eventually } from '../../support/eventually.js';
import type { ServiceProcess } from '../../support/process.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { insertModel } from '../support/models.js';
import { smallJob } from '../support/specs.js';

type Schemas = components['schemas'];

const IMAGE = { height: 28, width: 28, channels: 1 };
const PIXELS = 28 * 28;
/** Ten parts. */
const IMAGES = 10_000;

/** Every image has one gray value; of the values, 0 to 127 should be dark, but every tenth image has the other label. */
const grayOf = (image: number): number => (image * 37) % 256;
const isDark = (image: number): boolean => grayOf(image) < 128 !== (image % 10 === 0);

let strata: Strata;
let worker: ServiceProcess;
let model: string;
let dataset: string;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1 });
  model = await servedModel(['dark', 'bright']);
  dataset = await insertDataset(['bright', 'dark']);
});
after(() => strata.stop());

/** A model that tells dark images from bright ones. */
async function servedModel(classes: readonly string[], client = strata.client): Promise<string> {
  const { job } = await client.jobs.createJob(smallJob(), {});
  const id = await insertModel(strata.sql, job.id);
  const { uri } = await strata.blobs.put(brightness(IMAGE));
  const columns = [{ full: uri }, JSON.stringify(classes), id];
  await strata.sql.query('UPDATE model SET serving = $1, classes = $2 WHERE id = $3', columns);
  return id;
}

async function insertDataset(
  classes: readonly string[],
  count = IMAGES,
  tenant = 'default',
  sites?: Uint16Array,
): Promise<string> {
  const images = Buffer.concat(
    Array.from({ length: count }, (_, image) => Buffer.alloc(PIXELS, grayOf(image))),
  );
  const labels = Uint16Array.from({ length: count }, (_, image) =>
    classes.indexOf(isDark(image) ? 'dark' : 'bright'),
  );
  const [pixels, stored] = await Promise.all([
    strata.blobs.put(images),
    strata.blobs.put(new Uint8Array(labels.buffer)),
  ]);
  const split = { count, images: pixels.uri, labels: stored.uri };
  if (!sites)
    return insertManifest({ storage: 'pixels', splits: { train: split, test: split } }, classes, tenant);
  // The codes of two columns, one after the other.
  const codes = await strata.blobs.put(
    new Uint8Array(Uint16Array.of(...new Uint16Array(count), ...sites).buffer),
  );
  const named = { ...split, metadata: codes.uri };
  const metadata = [
    { name: 'camera', values: [] },
    { name: 'site', values: ['north', 'south', 'west'] },
  ];
  const sited = { storage: 'pixels' as const, splits: { train: named, test: named }, metadata };
  return insertManifest(sited, classes, tenant);
}

type StoredImages = { readonly metadata?: readonly MetadataColumn[] } & (
  | { readonly storage: 'pixels'; readonly splits: Splits<PixelSplit> }
  | { readonly storage: 'encoded'; readonly splits: Splits<EncodedSplit> }
);

/** A dataset of image files, all of which are dark. */
async function insertFiles(files: readonly Uint8Array[]): Promise<string> {
  const [images, offsets, labels] = await Promise.all([
    strata.blobs.put(Buffer.concat(files)),
    strata.blobs.put(encodeOffsets(files.map((file) => file.length))),
    strata.blobs.put(new Uint8Array(2 * files.length)),
  ]);
  const split = { count: files.length, images: images.uri, offsets: offsets.uri, labels: labels.uri };
  return insertManifest({ storage: 'encoded', splits: { train: split, test: split } }, ['dark', 'bright']);
}

async function insertManifest(
  stored: StoredImages,
  classes: readonly string[],
  tenant = 'default',
): Promise<string> {
  const name = `gray ${randomUUID().slice(0, 8)}`;
  const facts = { name, image: IMAGE, classes, mean: [0], standard_deviation: [1] };
  const { uri } = await strata.blobs.put(encodeManifest({ ...facts, ...stored }));
  const id = `dataset_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
  const { count } = stored.splits.test;
  await strata.sql.query(
    `INSERT INTO dataset (id, tenant, name, built_in, state, classes, image, train_count, test_count, augmentation, problems,
       sha256)
     VALUES ($1, $7, $2, false, 'ready', $3, $4, $5, $5, '{"crop_padding": 0, "horizontal_flip": false}', '[]', $6)`,
    [id, name, JSON.stringify(classes), IMAGE, count, uri.slice('sha256:'.length), tenant],
  );
  return id;
}

const ask = (changes: object = {}) =>
  strata.client.evaluations.createEvaluation({
    ...{ model, dataset, variant: 'full', split: 'test', tta: 'none', cascade: false, slices: [] },
    ...changes,
  });
const get = async (id: string): Promise<Evaluation> =>
  (await strata.client.evaluations.getEvaluation(id)) ?? assert.fail();
/** Parts have the lowest priority: on a busy machine they wait for all others. */
const PATIENCE_MS = 300_000;
const ended = (id: string) =>
  eventually(
    'the evaluation has ended',
    async () => {
      const evaluation = await get(id);
      return evaluation.finished_at !== null && evaluation;
    },
    PATIENCE_MS,
  );
const isRefused = (code: string) => (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;

/** The figures of the network on these images, computed here. */
function expected() {
  const probabilities = Float64Array.from({ length: IMAGES * 2 }, (_, place) => {
    const bright = 1 / (1 + Math.exp(12.75 - grayOf(Math.floor(place / 2)) / 10));
    return place % 2 === 0 ? 1 - bright : bright;
  });
  const labels = Uint16Array.from({ length: IMAGES }, (_, image) => (isDark(image) ? 0 : 1));
  return figuresOf({ classes: 2, labels, probabilities });
}

test('a question that cannot be answered is refused before any work', async () => {
  await assert.rejects(
    ask({ dataset: await insertDataset(['dark', 'bright', 'grey'], 4) }),
    isRefused('classes_unknown'),
  );
  await assert.rejects(ask({ variant: 'compact' }), isRefused('model_not_served'));
  await assert.rejects(ask({ split: 'validation' }), isRefused('invalid_request'));
  await assert.rejects(ask({ model: 'model_none' }), isRefused('not_found'));
  await assert.rejects(ask({ dataset: 'none' }), isRefused('not_found'));
  const other = strata.service.forTenant('other').evaluations;
  const { id } = await ask();
  assert.equal((await ask()).id, id, 'the same question is the same evaluation');
  await assert.rejects(other.cancelEvaluation(id), isRefused('not_found'));
  await assert.rejects(
    strata.client.evaluations.getEvaluationPredictions(id),
    isRefused('evaluation_unfinished'),
  );
  assert.equal((await strata.client.evaluations.cancelEvaluation(id)).state, 'cancelled');
  assert.equal((await strata.client.evaluations.cancelEvaluation(id)).state, 'cancelled');
  const next = await ask();
  assert.notEqual(next.id, id, 'a cancelled evaluation answers no question');
  await strata.client.evaluations.deleteEvaluation(next.id);
});

test('parts that two workers made, one of which was killed, give the figures of one pass', async () => {
  const { id } = await ask();
  worker = await strata.startWorker();
  await eventually('a part is finished', async () => (await get(id)).progress > 0);
  await worker.kill();
  worker = await strata.startWorker();
  const { state, figures, error } = await ended(id);
  assert.deepEqual([state, error], ['succeeded', null]);
  assert.ok(figures);
  const { accuracy, correct, log_loss, brier, auroc, confusion, per_class } = expected();
  assert.deepEqual([figures.images, figures.correct, figures.accuracy], [IMAGES, correct, accuracy]);
  assert.deepEqual(figures.confusion, confusion);
  // The network computes in float32.
  for (const [own, wanted] of [
    [figures.log_loss, log_loss],
    [figures.brier, brier],
    [figures.auroc, auroc],
  ])
    assert.ok(Math.abs((own ?? 0) - (wanted ?? 0)) < 1e-5, `${own} is not ${wanted}`);
  assert.deepEqual(
    figures.per_class.map(({ name, images }) => [name, images]),
    [
      ['dark', per_class[0]?.images],
      ['bright', per_class[1]?.images],
    ],
  );
  const { best_f1: best } = figures.per_class[1]?.thresholds ?? assert.fail('it has thresholds');
  const wanted = per_class[1]?.thresholds.best_f1;
  assert.deepEqual(
    [best?.precision, best?.recall, best?.f1],
    [wanted?.precision, wanted?.recall, wanted?.f1],
  );
  const lines = [...(await strata.client.evaluations.getEvaluationPredictions(id))];
  assert.equal(lines.length, IMAGES);
  assert.deepEqual([lines[0]?.index, lines[0]?.label, lines[0]?.correct], [0, 'bright', false]);
  assert.equal(lines.filter(({ correct: own }) => own).length, correct);
  await checkSlices(id, lines);
  const { rows } = await strata.sql.query('SELECT count(*)::int AS count FROM evaluation_part');
  assert.equal(rows[0].count, 0, 'parts of an ended evaluation are gone');
});

/** Slices of an evaluation count its own lines again. */
async function checkSlices(id: string, lines: readonly Schemas['EvaluationPrediction'][]): Promise<void> {
  const slice = (slices: Parameters<typeof strata.client.evaluations.sliceEvaluation>[1]) =>
    strata.client.evaluations.sliceEvaluation(id, slices);
  const counts = (own: readonly Schemas['EvaluationPrediction'][]) => [
    own.length,
    own.filter(({ correct }) => correct).length,
  ];
  const { slices } = await slice([
    { name: 'some', indices: [3, 10, 20, 3] },
    { name: 'dark', classes: ['dark'] },
  ]);
  assert.deepEqual(
    slices.map(({ name, images, correct }) => [name, images, correct]),
    [
      ['some', ...counts(lines.filter(({ index }) => [3, 10, 20].includes(index)))],
      ['dark', ...counts(lines.filter(({ label }) => label === 'dark'))],
    ],
  );
  const unclear: readonly [Schemas['Slice'], string][] = [
    [{ name: 'both', indices: [0], classes: ['dark'] }, '/slices/0'],
    [{ name: 'nothing' }, '/slices/0'],
    [{ name: 'outside', indices: [0, IMAGES] }, '/slices/0/indices/1'],
    [{ name: 'unknown', classes: ['grey'] }, '/slices/0/classes/0'],
  ];
  for (const [asked, pointer] of unclear)
    await assert.rejects(slice([asked]), (error: StrataError) => {
      assert.deepEqual([error.code, error.errors?.[0]?.pointer], ['invalid_request', pointer]);
      return true;
    });
}

test('an evaluation has the figures of the images of each value of a column of metadata', async () => {
  const isNorth = (image: number) => image % 2 === 0;
  const codes = Uint16Array.from({ length: IMAGES }, (_, image) =>
    isNorth(image) ? 1 : image % 5 === 0 ? 0 : 3,
  );
  const sited = await insertDataset(['bright', 'dark'], IMAGES, 'default', codes);
  const unknown = ask({ dataset: sited, slices: ['metadata.hospital', 'metadata.site'] });
  await assert.rejects(unknown, (error: StrataError) => {
    assert.deepEqual([error.code, error.errors?.[0]?.pointer], ['invalid_request', '/slices/0']);
    return true;
  });
  await assert.rejects(ask({ slices: ['metadata.site'] }), isRefused('invalid_request'));
  const evaluation = await ask({ dataset: sited, slices: ['metadata.site', 'metadata.camera'] });
  const same = await ask({ dataset: sited, slices: ['metadata.camera', 'metadata.site'] });
  assert.equal(same.id, evaluation.id, 'the order of the columns does not matter');
  assert.notEqual((await ask({ dataset: sited })).id, evaluation.id);
  const { figures } = await ended(evaluation.id);
  const [camera, site] = figures?.slices ?? assert.fail('it has slices');
  const lines = [...(await strata.client.evaluations.getEvaluationPredictions(evaluation.id))];
  const counts = (code: number) => {
    const own = lines.filter(({ index }) => codes[index] === code);
    return [own.length, own.filter(({ correct }) => correct).length];
  };
  assert.deepEqual(
    site?.values.map(({ value, images, correct }) => [value, images, correct]),
    [
      ['north', ...counts(1)],
      ['west', ...counts(3)],
      [null, ...counts(0)],
    ],
  );
  assert.deepEqual(
    camera?.values.map(({ value, images, other_accuracy: others }) => [value, images, others]),
    [[null, IMAGES, null]],
  );
  const slice = (metadata: NonNullable<Schemas['Slice']['metadata']>) =>
    strata.client.evaluations.sliceEvaluation(evaluation.id, [{ name: 'some', metadata }]);
  for (const { value, ...wanted } of site?.values ?? []) {
    const { slices } = await slice({ column: 'site', value });
    assert.deepEqual(slices, [{ name: 'some', ...wanted }]);
  }
  await assert.rejects(slice({ column: 'hospital', value: 'A' }), isRefused('invalid_request'));
  await assert.rejects(slice({ column: 'site', value: 'east' }), isRefused('invalid_request'));
});

test('an image that looks the same in a mirror gets the same answer with and without it, and networks are compared', async () => {
  const plain = await ended((await ask()).id);
  const flipped = await ended((await ask({ tta: 'flip' })).id);
  assert.deepEqual(flipped.figures, plain.figures);
  // The same network under other names: it is wrong where the other is right.
  const inverted = await servedModel(['bright', 'dark']);
  const worse = await ended((await ask({ model: inverted })).id);
  const comparison = await strata.client.evaluations.compareEvaluations(plain.id, worse.id);
  const { correct = 0 } = plain.figures ?? {};
  assert.deepEqual(
    [comparison.both_right, comparison.only_a, comparison.only_b, comparison.both_wrong],
    [0, correct, IMAGES - correct, 0],
  );
  assert.ok(comparison.p_value < 1e-12 && comparison.difference < 0);
  assert.deepEqual(
    comparison.classes.map(({ name, images, won, lost }) => [name, images === won + lost]).sort(),
    [
      ['bright', true],
      ['dark', true],
    ],
  );
  const elsewhere = await ended((await ask({ split: 'train' })).id);
  await assert.rejects(
    strata.client.evaluations.compareEvaluations(plain.id, elsewhere.id),
    isRefused('evaluations_differ'),
  );
  const list = await strata.client.evaluations.listEvaluations({ limit: 10, model: inverted });
  assert.deepEqual(
    list.data.map(({ id }) => id),
    [worse.id],
  );
});

/** A gray picture that is brighter to the right by `slope` levels a pixel, and to the bottom by one level. */
const picture = (gray: number, slope: number): Promise<Buffer> => {
  const pixels = Uint8Array.from({ length: 40 * 36 }, (_, place) =>
    slope === 0 ? gray : gray + slope * (place % 40) + Math.floor(place / 40),
  );
  return sharp(pixels, { raw: { width: 40, height: 36, channels: 1 } })
    .png()
    .toBuffer();
};

/** The mean of what the network says to the five crops. */
async function brightInFiveCrops(file: Buffer): Promise<number> {
  // 28 pixels are 224/256 of 32.
  const resized = sharp(file).resize(36, 32, { fit: 'fill', kernel: 'linear' }).toColourspace('b-w');
  const pixels = await resized.raw().toBuffer();
  const brightAt = ([left, top]: readonly [number, number]): number => {
    const crop = Array.from({ length: PIXELS }, (_, place) => {
      const [x, y] = [left + (place % 28), top + Math.floor(place / 28)];
      return pixels[y * 36 + x] ?? Number.NaN;
    });
    const mean = crop.reduce((sum, gray) => sum + gray, 0) / PIXELS;
    return 1 / (1 + Math.exp(12.75 - mean / 10));
  };
  const corners = [
    [0, 0],
    [8, 0],
    [0, 4],
    [8, 4],
    [4, 2],
  ] as const;
  return corners.map(brightAt).reduce((sum, bright) => sum + bright, 0) / corners.length;
}

test('five crops are averaged as a plain loop does, and change nothing where they are equal', async () => {
  const flat = await Promise.all([120, 127, 131].map((gray) => picture(gray, 0)));
  const steep = await Promise.all([10, 60, 90].map((gray) => picture(gray, 3)));
  const files = await insertFiles([...flat, ...steep]);
  await assert.rejects(ask({ tta: 'five-crop' }), isRefused('invalid_request'));
  await assert.rejects(ask({ tta: 'five-crop', dataset: files }), isRefused('invalid_request'));
  const trained = await servedModel(['dark', 'bright']);
  await strata.sql.query("UPDATE model SET storage = 'encoded' WHERE id = $1", [trained]);
  const bright = async (tta: string) => {
    const { id } = await ended((await ask({ model: trained, dataset: files, tta })).id);
    const lines = [...(await strata.client.evaluations.getEvaluationPredictions(id))];
    return lines.map(({ classes }) => classes.find(({ name }) => name === 'bright')?.probability ?? -1);
  };
  const [plain, cropped] = [await bright('none'), await bright('five-crop')];
  assert.deepEqual(cropped.slice(0, flat.length), plain.slice(0, flat.length));
  const wanted = await Promise.all(steep.map(brightInFiveCrops));
  for (const [place, expected] of wanted.entries()) {
    const own = cropped[flat.length + place] ?? -1;
    // The network computes in float32.
    assert.ok(Math.abs(own - expected) < 1e-5, `${own} is not ${expected}`);
    assert.ok(Math.abs(own - (plain[flat.length + place] ?? -1)) > 1e-4, 'its crops differ');
  }
});

test("a tenant's first evaluation begins after at most two of a tenant with ten, which does not see it", async () => {
  const hostile = strata.service.forTenant('hostile');
  const theirs = await servedModel(['dark', 'bright'], hostile);
  for (let count = 1; count <= 10; count++)
    await hostile.evaluations.createEvaluation({
      ...{ variant: 'full', split: 'test', tta: 'none', cascade: false, slices: [], model: theirs },
      dataset: await insertDataset(['dark', 'bright'], count, 'hostile'),
    });
  const { id } = await ask({ dataset: await insertDataset(['dark', 'bright'], 5) });
  assert.equal((await ended(id)).state, 'succeeded');
  const { rows } = await strata.sql.query(
    `SELECT count(*)::int AS before FROM evaluation AS mine JOIN evaluation AS other ON other.tenant = 'hostile'
     WHERE mine.id = $1 AND other.started_at > mine.created_at AND other.started_at < mine.started_at`,
    [id],
  );
  assert.ok(rows[0].before <= 2, `${rows[0].before} of the hostile tenant's began before it`);
  assert.equal(await hostile.evaluations.getEvaluation(id), null);
});

test('a cascade is measured from the answers of both networks to the same images', async () => {
  await assert.rejects(ask({ cascade: true, variant: 'compact' }), isRefused('invalid_request'));
  await assert.rejects(ask({ cascade: true }), isRefused('model_not_served'));
  const [full, compact] = await Promise.all([
    strata.blobs.put(brightness(IMAGE)),
    strata.blobs.put(brightness(IMAGE, { certainty: 0.2 })),
  ]);
  const id = await servedModel(['dark', 'bright']);
  const serving = { full: full.uri, compact: compact.uri };
  await strata.sql.query('UPDATE model SET serving = $1 WHERE id = $2', [serving, id]);
  const { figures } = await ended((await ask({ model: id, cascade: true })).id);
  const cascade = figures?.cascade ?? assert.fail('it has a cascade');
  // Both networks tell dark from bright at the same gray value.
  assert.equal(cascade.compact_accuracy, figures?.accuracy);
  const shares = cascade.points.map(({ by_compact }) => by_compact);
  assert.deepEqual([shares[0], shares.at(-1)], [1, 0]);
  // The compact network is as sure as 1 / (1 + exp(-|gray - 127.5| / 50)).
  const isSure = (gray: number) => 1 / (1 + Math.exp(-Math.abs(gray - 127.5) / 50)) >= 0.8;
  const sure = Array.from({ length: IMAGES }, (_, image) => isSure(grayOf(image))).filter(Boolean).length;
  const at = cascade.points.find(({ threshold }) => threshold === 0.8);
  assert.equal(at?.by_compact, sure / IMAGES);
  assert.equal(at?.seconds, cascade.compact_seconds + (1 - sure / IMAGES) * cascade.full_seconds);
  assert.ok(cascade.full_seconds > 0 && cascade.compact_seconds > 0);
});

test('a network that is gone fails the evaluation, with the reason', async () => {
  await strata.sql.query('UPDATE model SET serving = $1 WHERE id = $2', [
    { full: `sha256:${'1'.repeat(64)}` },
    model,
  ]);
  const { id } = await ask({ tta: 'flip', dataset: await insertDataset(['dark', 'bright'], 5) });
  const { state, error } = await ended(id);
  assert.deepEqual([state, error?.code], ['failed', 'blob_missing']);
  await worker.stop();
});
