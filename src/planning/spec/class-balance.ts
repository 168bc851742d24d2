import type { DatasetFacts, JobSpec } from '../../contract/spec.js';
import type { Problems } from './problems.js';

/**
 * Weights must name every class, and every image must appear once where the method keeps variables of it.
 * @param storesImages whether the method stores variables for every image
 */
export function checkClassBalance(
  { class_weights: weights, sampling }: Pick<JobSpec, 'class_weights' | 'sampling'>,
  { name, classes }: Pick<DatasetFacts, 'name' | 'classes'>,
  storesImages: boolean,
  report: Problems,
): void {
  if (typeof weights !== 'string' && weights.length !== classes.length) {
    report(
      '/class_weights',
      `has ${weights.length} weights, but ${name} has ${classes.length} classes; give one for each, in the order of its \`classes\`, or use balanced`,
    );
  }
  if (storesImages && sampling === 'balanced') {
    report(
      '/sampling',
      'stored variables require that an epoch has every image once; use uniform, and class_weights balanced',
    );
  }
}
