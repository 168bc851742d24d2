import { encodePredictions } from '../../src/contract/test-predictions.js';
import { cascadeOf, figuresOf } from '../../src/measures/index.js';
import type { Strata } from '../support/strata.js';

const CLASSES = 10;
const IMAGES = 200;

/** Figures of the images of one site. */
const OF_SITE = {
  ...{ images: 100, correct: 90, accuracy: 0.9, accuracy_interval: { low: 0.83, high: 0.94 } },
  ...{ balanced_accuracy: 0.9, macro_f1: 0.9, other_accuracy: 0.95 },
};

/** An evaluation on 200 images of `october` that has succeeded. @param wrong every so manyth image is wrong */
export async function insertEvaluation(
  { blobs, sql }: Strata,
  model: { readonly id: string; readonly name: string },
  wrong: number,
): Promise<string> {
  const labels = Uint16Array.from({ length: IMAGES }, (_, image) => image % CLASSES);
  const classes = labels.map((label, image) => (image % wrong === 0 ? (label + 1) % CLASSES : label));
  const [sure, rest] = [0.82, 0.02];
  const probabilities = Float64Array.from({ length: IMAGES * CLASSES }, (_, place) =>
    classes[Math.floor(place / CLASSES)] === place % CLASSES ? sure : rest,
  );
  const { per_class, ...others } = figuresOf({ classes: CLASSES, labels, probabilities });
  // A compact network that is right on every image, so that the figure has a slope.
  const right = Float64Array.from({ length: IMAGES * CLASSES }, (_, place) =>
    labels[Math.floor(place / CLASSES)] === place % CLASSES ? 0.5 + (place % 400) / 1_000 : rest,
  );
  const seconds = { full: 3, compact: 1 };
  const cascade = cascadeOf(
    { classes: CLASSES, labels, probabilities },
    { classes: CLASSES, labels, probabilities: right },
    seconds,
  );
  const figures = {
    ...others,
    cascade,
    slices: [
      {
        column: 'metadata.site',
        values: [
          { ...OF_SITE, value: 'north' },
          { ...OF_SITE, value: null },
        ],
      },
    ],
    per_class: per_class.map((own) => ({ ...own, name: String(own.index) })),
  };
  const names = Array.from({ length: CLASSES }, (_, digit) => String(digit));
  const { uri } = await blobs.put(
    encodePredictions({ labels, classes, probabilities: new Float32Array(IMAGES).fill(sure) }),
  );
  const id = `evaluation_${String(wrong).padStart(24, '0')}`;
  await sql.query(
    `INSERT INTO evaluation (id, tenant, model_id, model_name, variant, dataset_id, dataset_name, dataset_sha256, split, tta,
       images, setup, parts, parts_done, state, figures, predictions_uri, finished_at)
     VALUES ($1, 'default', $2, $3, 'full', 'october', 'october', $4, 'test', 'none', $5, $6, 1, 1, 'succeeded', $7, $8, now())`,
    [id, model.id, model.name, '1'.repeat(64), IMAGES, { classes: names }, figures, uri],
  );
  return id;
}

/** A batch prediction of the first 1,500 of 2,000 images, which waits for a worker. */
export async function insertBatch(
  { sql }: Strata,
  model: { readonly id: string; readonly name: string },
  digit = '1',
): Promise<string> {
  const id = `batch_${digit.repeat(24)}`;
  const setup = { format: 'jsonl', topK: 5, embedding: false, cascade: { threshold: 0.9 }, classes: ['0'] };
  await sql.query(
    `INSERT INTO batch_prediction (id, tenant, model_id, model_name, variant, dataset_id, dataset_name, dataset_sha256, split,
       total, done, failed, by_compact, result_bytes, max_failed_share, setup, state)
     VALUES ($1, 'default', $2, $3, 'full', 'october', 'october', $4, 'test', 2000, 1500, 3, 900, 250000, 0.01, $5, 'running')`,
    [id, model.id, model.name, '1'.repeat(64), setup],
  );
  return id;
}
