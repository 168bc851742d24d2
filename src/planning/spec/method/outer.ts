import type { JobSpec } from '../../../contract/spec.js';
import { isPipelined } from '../../../method/methods.js';
import { methodsWith } from '../../../method/rules.js';
import type { Problems } from '../problems.js';
import type { MethodFacts } from './facts.js';

const DEFAULT_MOMENTUM = 0.5;

/**
 * @param replicas devices that share the end-to-end phase
 * @returns rate and momentum of the steps between rounds; null where the job takes none
 */
export function resolveOuter(
  { type, outer }: JobSpec['method'],
  { stages }: Pick<MethodFacts, 'stages'>,
  replicas: number,
  report: Problems,
): JobSpec['method']['outer'] {
  const { rate, momentum } = outer;
  if (rate !== null && replicas === 1 && !isPipelined({ type, stages })) {
    const having = methodsWith((method) => method.isPipelined === true).join(' or ');
    report(
      '/method/outer/rate',
      `is only valid for method.type ${having} with at least two stages, or with at least two end_to_end_replicas; use null`,
    );
  }
  if (rate === null && momentum !== null) {
    report('/method/outer/momentum', 'has no effect without a rate; use null, or set outer.rate');
  }
  return { rate, momentum: rate === null ? null : (momentum ?? DEFAULT_MOMENTUM) };
}
