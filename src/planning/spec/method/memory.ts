import type { JobSpec } from '../../../contract/spec.js';
import { DEFAULT_MEMORY } from '../../../method/memory.js';
import { isPipelined } from '../../../method/methods.js';
import { methodsWith } from '../../../method/rules.js';
import type { Problems } from '../problems.js';
import type { MethodFacts } from './facts.js';

/** @returns what stages keep of the batches under way; null where there are none */
export function resolveMemory(
  { type, memory }: JobSpec['method'],
  { stages }: Pick<MethodFacts, 'stages'>,
  report: Problems,
): JobSpec['method']['memory'] {
  if (isPipelined({ type, stages })) return memory ?? DEFAULT_MEMORY;
  if (memory !== null) {
    const having = methodsWith((method) => method.isPipelined === true).join(' or ');
    report('/method/memory', `is only valid for method.type ${having} with at least two stages; use null`);
  }
  return null;
}
