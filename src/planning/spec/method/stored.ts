import type { JobSpec } from '../../../contract/spec.js';
import { COUPLINGS, DEFAULT_COUPLING, type StoredCoupling } from '../../../method/couplings.js';
import { storesVariables } from '../../../method/methods.js';
import { methodsWith } from '../../../method/rules.js';
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
      const storing = methodsWith((method) => method.storesVariables === true).join(' or ');
      report(
        '/method/stored/coupling',
        `is only valid for method.type ${storing} with at least two stages; leave it out`,
      );
    }
    return { coupling: null };
  }
  const coupling = stored.coupling ?? DEFAULT_COUPLING;
  const inputs = describeStages(network, split, auxiliary.cost_share).slice(1);
  checkStoredBytes(
    { type, coupling },
    inputs.map(({ input }) => input),
    samples,
    report,
  );
  return { coupling };
}

/** @param inputs of stages 1..K-1, [h,w,c] each */
function checkStoredBytes(
  { type, coupling }: { readonly type: JobSpec['method']['type']; readonly coupling: StoredCoupling },
  inputs: readonly Shape[],
  samples: number,
  report: Problems,
): void {
  const values = inputs.reduce((sum, { height, width, channels }) => sum + height * width * channels, 0);
  const bytes = FLOAT_BYTES * values * samples * (COUPLINGS[coupling].hasMultiplier ? 2 : 1);
  if (bytes <= MAX_STORED_BYTES) return;
  const gibibytes = (amount: number) => (amount / 2 ** 30).toFixed(1);
  const fitting = Math.floor((samples * MAX_STORED_BYTES) / bytes);
  report(
    '/method/type',
    `${type} would keep ${gibibytes(bytes)} GiB of variables, of ${gibibytes(MAX_STORED_BYTES)} allowed; use ` +
      `max_train_samples of at most ${fitting}, fewer stages, a smaller model.width, or stored.coupling ${DEFAULT_COUPLING}`,
  );
}
