import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import { inputShape, withChosenFields } from '../../network/index.js';

/**
 * Subject of a profile: jobs with the same key train the same layers on the same number of values in the same
 * precision. Split, method and initial weights do not matter.
 */
export function networkKey(spec: ResolvedSpec, dataset: DatasetFacts): string {
  const { batch_size, precision } = spec;
  const { padding = 'same', zero_init_residual: _, ...size } = withChosenFields(spec.model);
  // Left out where it is the default, so that profiles from before there was a choice stay known.
  const model = padding === 'same' ? size : { ...size, padding };
  const image = inputShape(spec, dataset);
  // Sorted by name, because the order of fields in the request does not change the network.
  const parts = { model: sorted(model), image: sorted(image), classes: dataset.classes.length };
  return JSON.stringify({ ...parts, batch_size, precision });
}

function sorted(fields: object): object {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => a.localeCompare(b)));
}
