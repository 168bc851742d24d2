import { StrataError } from '../../../contract/errors.js';
import type { components } from '../../../contract/generated/openapi.js';
import type { TestPredictions } from '../../../contract/test-predictions.js';
import { comparePaired } from '../../../measures/index.js';
import type * as Rows from '../../store/rows.js';
import { keptOf } from '../models/evaluation.js';

type Comparison = components['schemas']['EvaluationComparison'];

export interface Contestant {
  readonly row: Rows.Evaluation;
  readonly predictions: TestPredictions;
}

/** Compares two evaluations image by image. @throws StrataError evaluations_differ */
export function compareContestants(a: Contestant, b: Contestant): Comparison {
  requireSameImages(a.row, b.row);
  const [rightA, rightB] = [rightOf(a), rightOf(b)];
  const counts = comparePaired(rightA, rightB);
  return {
    object: 'evaluation_comparison',
    a: comparedOf(a, rightA),
    b: comparedOf(b, rightB),
    ...counts,
    difference: (counts.only_b - counts.only_a) / counts.images,
    classes: classesOf(a, rightA, rightB),
  };
}

function requireSameImages(a: Rows.Evaluation, b: Rows.Evaluation): void {
  if (a.datasetSha256 === b.datasetSha256 && a.split === b.split) return;
  const [first, second] = [a, b].map(
    ({ datasetName, split, datasetSha256 }) => `${split} of ${datasetName} (${datasetSha256.slice(0, 12)}…)`,
  );
  throw new StrataError('evaluations_differ', `One is on ${first}, the other on ${second}.`);
}

/** Whether each image was predicted rightly. */
function rightOf({ predictions }: Contestant): boolean[] {
  const kept = keptOf(predictions);
  return Array.from(predictions.labels, (label, image) => predictions.classes[image * kept] === label);
}

function comparedOf({ row }: Contestant, right: readonly boolean[]): Comparison['a'] {
  const accuracy = right.filter((isRight) => isRight).length / right.length;
  const { id, modelId: model_id, checkpointId: checkpoint_id, variant } = row;
  return { id, model_id, checkpoint_id, variant, accuracy };
}

/** Labels are classes of model a: those of b may stand in another order, but the images are the same. */
function classesOf(
  { row, predictions }: Contestant,
  rightA: readonly boolean[],
  rightB: readonly boolean[],
): Comparison['classes'] {
  const counts = row.setup.classes.map((name) => ({ name, images: 0, won: 0, lost: 0 }));
  predictions.labels.forEach((label, image) => {
    const own = counts[label];
    if (own === undefined) return;
    own.images += 1;
    if (rightB[image] && !rightA[image]) own.won += 1;
    if (rightA[image] && !rightB[image]) own.lost += 1;
  });
  return counts
    .filter(({ won, lost }) => won + lost > 0)
    .sort((a, b) => b.won - b.lost - (a.won - a.lost) || a.name.localeCompare(b.name));
}
