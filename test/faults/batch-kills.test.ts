import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeManifest } from '../../src/contract/dataset-manifest.js';
import type { components } from '../../src/contract/generated/openapi.js';
import { encodePng } from '../../src/jobs/client/datasets/png.js';
import { insertModel } from '../jobs/support/models.js';
import { smallJob } from '../jobs/support/specs.js';
import { brightness } from '../predictor/linear-model.js';
import { eventually } from '../support/eventually.js';
import type { ServiceProcess } from '../support/process.js';
import { FAKE_TRAINER, Strata } from '../support/strata.js';
import { mulberry32, seedOf } from './chaos/schedule.js';

type Line = components['schemas']['BatchPredictionLine'];

/** Twenty parts. */
const IMAGES = 20_000;
const IMAGE = { height: 8, width: 8, channels: 1 };
const PIXELS = 64;
/** Fewer than those after which a part is given up, even if all of them hit the same part. */
const KILLS = ['worker', 'evaluator', 'worker', 'evaluator', 'worker'] as const;
/** An upper bound of the time that a part takes here. */
const LONGEST_MS = 500;
/** Images whose answers are compared with those of /predict. */
const SAMPLE = 200;
/** Parts have the lowest priority: on a machine that is busy with other tests they take long. */
const LONG_MS = 600_000;

let strata: Strata;
let worker: ServiceProcess;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1 });
});
after(() => strata.stop());

/** Noise around a gray value of its own: no two images are likely to be equal. uint8 [images, 8, 8, 1] */
function drawnImages(random: () => number): Buffer {
  const pixels = Buffer.alloc(IMAGES * PIXELS);
  for (let image = 0; image < IMAGES; image++) {
    const gray = 224 * random();
    for (let place = 0; place < PIXELS; place++) pixels[image * PIXELS + place] = gray + 32 * random();
  }
  return pixels;
}

async function insertImages(images: Buffer): Promise<string> {
  const [pixels, labels] = await Promise.all([
    strata.blobs.put(images),
    strata.blobs.put(new Uint8Array(2 * IMAGES)),
  ]);
  const split = { count: IMAGES, images: pixels.uri, labels: labels.uri };
  const facts = { name: 'drawn', image: IMAGE, classes: ['any'], mean: [0], standard_deviation: [1] };
  const manifest = encodeManifest({ ...facts, storage: 'pixels', splits: { train: split, test: split } });
  const { uri } = await strata.blobs.put(manifest);
  const id = `dataset_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
  await strata.sql.query(
    `INSERT INTO dataset (id, tenant, name, built_in, state, classes, image, train_count, test_count, augmentation, problems,
       sha256)
     VALUES ($1, 'default', $1, false, 'ready', '["any"]', $2, $3, $3, '{"crop_padding": 0, "horizontal_flip": false}', '[]', $4)`,
    [id, IMAGE, IMAGES, uri.slice('sha256:'.length)],
  );
  return id;
}

/** A model that tells dark images from bright ones. */
async function servedModel(): Promise<string> {
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  const id = await insertModel(strata.sql, job.id);
  const { uri } = await strata.blobs.put(brightness(IMAGE));
  await strata.sql.query(
    `UPDATE model SET serving = $1, classes = '["dark", "bright"]', image = $2 WHERE id = $3`,
    [{ full: uri }, IMAGE, id],
  );
  return id;
}

const done = async (id: string): Promise<number> =>
  (await strata.client.batches.getBatchPrediction(id))?.counts.done ?? assert.fail('it is there');

/** The process in which the worker runs networks on images. */
function evaluatorOf({ pid }: ServiceProcess): number | null {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  const isEvaluator = (child: string): boolean => {
    try {
      return readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('predictor/evaluation');
    } catch {
      return false;
    }
  };
  return Number(children.find(isEvaluator) ?? 0) || null;
}

/** Ends it with no chance to clean up. An evaluator that has just ended, like that of the last part, needs no kill. */
async function kill(victim: (typeof KILLS)[number], batch: string): Promise<void> {
  if (victim === 'worker') {
    await worker.kill();
    worker = await strata.startWorker();
    return;
  }
  const found = await eventually(
    'images are answered, or all are',
    async () => {
      const pid = evaluatorOf(worker);
      return pid !== null || (await done(batch)) === IMAGES ? { pid } : false;
    },
    LONG_MS,
  );
  if (found.pid === null) return;
  try {
    process.kill(found.pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('20,000 images are predicted once each, bitwise as /predict does, whatever is killed at which moment', async (t) => {
  const seed = seedOf(process.env);
  t.diagnostic(`SEED=${seed} draws the images and the moments of the kills`);
  const random = mulberry32(seed);
  const images = drawnImages(random);
  const [dataset, model] = [await insertImages(images), await servedModel()];
  worker = await strata.startWorker();
  const { id } = await strata.client.batches.createBatchPrediction({
    ...({ variant: 'full', format: 'jsonl', topK: 5, embedding: false, cascade: null } as const),
    ...{ maxFailedShare: 0, model, input: { dataset, split: 'test' } },
  });
  // Not after the last parts: there would be nothing left to kill.
  const moments = KILLS.map(() => Math.floor(0.9 * IMAGES * random())).sort((a, b) => a - b);
  for (const [index, victim] of KILLS.entries()) {
    const moment = moments[index] ?? 0;
    await eventually(`${moment} images are done`, async () => (await done(id)) >= moment, LONG_MS);
    await delay(random() * LONGEST_MS);
    t.diagnostic(`kills the ${victim} after ${await done(id)} images`);
    await kill(victim, id);
  }
  const batch = await eventually(
    'the batch prediction has ended',
    async () => {
      const found = await strata.client.batches.getBatchPrediction(id);
      return found?.finished_at ? found : false;
    },
    LONG_MS,
  );
  assert.deepEqual([batch.state, batch.error], ['succeeded', null]);
  assert.deepEqual(batch.counts, { total: IMAGES, done: IMAGES, failed: 0, by_compact: 0 });
  const { rows } = await strata.sql.query(
    'SELECT sum(attempt - 1)::int AS again FROM batch_part WHERE batch_id = $1',
    [id],
  );
  t.diagnostic(`${rows[0].again} parts were begun again`);
  const { chunks } = await strata.client.batches.downloadBatchPrediction(id);
  const lines = (await text(chunks))
    .trimEnd()
    .split('\n')
    .map((line): Line => JSON.parse(line));
  const pixelsOf = (image: number) => images.subarray(image * PIXELS, (image + 1) * PIXELS);
  assert.deepEqual(
    lines.map(({ key, sha256: hash, answered_by: by }) => [key, hash, by]),
    Array.from({ length: IMAGES }, (_, image) => [`test/${image}`, sha256(pixelsOf(image)), 'full']),
  );
  for (let count = 0; count < SAMPLE; count++) {
    const image = Math.floor(random() * IMAGES);
    const items = [encodePng(pixelsOf(image), IMAGE).toString('base64')];
    const question = { variant: 'full', kind: 'encoded', items, topK: 5, pointer: () => '' } as const;
    const { data } = await strata.client.models.predict(model, question, new AbortController().signal);
    const answer = data[0]?.classes.map(({ name, probability }) => ({ name, probability }));
    assert.deepEqual(lines[image]?.classes, answer, `test/${image}`);
  }
  await worker.stop();
});
