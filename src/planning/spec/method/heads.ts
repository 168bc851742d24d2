import type { JobSpec } from '../../../contract/spec.js';
import { describeMethod } from '../../../method/methods.js';
import { methodsWith } from '../../../method/rules.js';
import type { Problems } from '../problems.js';
import type { MethodFacts } from './facts.js';

export function resolveHeads(
  { type, heads }: JobSpec['method'],
  { stages }: Pick<MethodFacts, 'stages'>,
  report: Problems,
): JobSpec['method']['heads'] {
  if (heads.decoder && !(describeMethod({ type }).hasHeads && stages > 1)) {
    const having = methodsWith(({ hasHeads }) => hasHeads).join(' or ');
    report(
      '/method/heads/decoder',
      `${stages === 1 ? 'one stage' : type} has no local heads; use false, or ${having} with at least two stages`,
    );
  }
  return heads;
}
