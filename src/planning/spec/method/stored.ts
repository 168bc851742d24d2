import type { JobSpec } from '../../../contract/spec.js';
import { storesVariables } from '../../../method/methods.js';
import type { Shape } from '../../../network/layers.js';
import { describeStages } from '../../../network/stages.js';
import type { Problems } from '../problems.js';
import type { MethodFacts } from './facts.js';

/** Bytes of stored variables that one job may have: the files of a round take up to three times as many. */
const MAX_STORED_BYTES = 4 * 2 ** 30;
const FLOAT_BYTES = 4;

/** @returns the coupling of stored variables; null where the method stores none */
export function resolveStored(
  { type, stored, auxiliary }: JobSpec['method'],
  { network, stages, split, samples }: MethodFacts,
  report: Problems,
): JobSpec['method']['stored'] {
  if (!storesVariables({ type, stages })) {
    if (stored.coupling !== null) {
      report(
        '/method/stored/coupling',
        'is only valid for method.type stored with at least two stages; leave it out',
      );
    }
    return { coupling: null };
  }
  const coupling = stored.coupling ?? 'penalty';
  const inputs = describeStages(network, split, auxiliary.cost_share).slice(1);
  checkStoredBytes(
    coupling,
    inputs.map(({ input }) => input),
    samples,
    report,
  );
  return { coupling };
}

/** @param inputs of stages 1..K-1, [h,w,c] each */
function checkStoredBytes(
  coupling: JobSpec['method']['stored']['coupling'],
  inputs: readonly Shape[],
  samples: number,
  report: Problems,
): void {
  const values = inputs.reduce((sum, { height, width, channels }) => sum + height * width * channels, 0);
  const bytes = FLOAT_BYTES * values * samples * (coupling === 'augmented-lagrangian' ? 2 : 1);
  if (bytes <= MAX_STORED_BYTES) return;
  const gibibytes = (amount: number) => (amount / 2 ** 30).toFixed(1);
  const fitting = Math.floor((samples * MAX_STORED_BYTES) / bytes);
  report(
    '/method/type',
    `stored would keep ${gibibytes(bytes)} GiB of variables, of ${gibibytes(MAX_STORED_BYTES)} allowed; use ` +
      `max_train_samples of at most ${fitting}, fewer stages, a smaller model.width, or stored.coupling penalty`,
  );
}
