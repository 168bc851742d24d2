import type { JobSpec } from '../../../contract/spec.js';
import { describeMethod } from '../../../method/methods.js';
import { OWN_HEAD } from '../../../method/reach.js';
import { methodsWith } from '../../../method/rules.js';
import type { Problems } from '../problems.js';
import type { MethodFacts } from './facts.js';

/** @returns the number of stages through which a local loss flows; null where no stage has a head */
export function resolveReach(
  { type, reach }: JobSpec['method'],
  { stages }: Pick<MethodFacts, 'stages'>,
  report: Problems,
): number | null {
  const pointer = '/method/reach';
  if (!describeMethod({ type }).hasHeads || stages === 1) {
    if (reach !== null) {
      const having = methodsWith(({ hasHeads }) => hasHeads).join(' or ');
      report(pointer, `is only valid for method.type ${having} with at least two stages; use null`);
    }
    return null;
  }
  if (reach !== null && reach > stages) {
    report(pointer, `is more than the ${stages} stages; use at most ${stages}, which is back-propagation`);
  }
  return reach ?? OWN_HEAD;
}
