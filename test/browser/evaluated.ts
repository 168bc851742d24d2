import { encodePredictions } from '../../src/contract/test-predictions.js';
import { figuresOf } from '../../src/measures/index.js';
import type { Strata } from '../support/strata.js';

const CLASSES = 10;
const IMAGES = 200;

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
  const figures = { ...others, per_class: per_class.map((own) => ({ ...own, name: String(own.index) })) };
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
