import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import { inputShape } from '../../network/index.js';

/**
 * What a profile is of: jobs with the same key train the same layers on as many values in the same precision. How they are
 * cut, and trained, does not matter.
 */
export function networkKey(spec: ResolvedSpec, dataset: DatasetFacts): string {
  const { model, batch_size, precision } = spec;
  const image = inputShape(spec, dataset);
  // By name: what a job wrote first must not make it another network.
  const parts = { model: sorted(model), image: sorted(image), classes: dataset.classes.length };
  return JSON.stringify({ ...parts, batch_size, precision });
}

function sorted(fields: object): object {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => a.localeCompare(b)));
}
