import type { JobSpec } from '../../../contract/spec.js';
import { describeMethod } from '../../../method/methods.js';
import { methodsWith } from '../../../method/rules.js';
import type { Problems } from '../problems.js';
import type { MethodFacts } from './facts.js';

/** Message rounds after which the gradient of K stages is exactly that of back-propagation. */
const exactMessageRounds = (stages: number): number => 2 * stages - 1;

/** @returns message rounds of a step; null for every method whose stages exchange nothing within a batch */
export function resolveMessageRounds(
  { type, message_rounds: rounds }: JobSpec['method'],
  { stages }: Pick<MethodFacts, 'stages'>,
  report: Problems,
): number | null {
  const exact = exactMessageRounds(stages);
  const exchanges = describeMethod({ type }).exchangesWithinBatch === true;
  const pointer = '/method/message_rounds';
  if (rounds !== null && !exchanges) {
    const exchanging = methodsWith(({ exchangesWithinBatch }) => exchangesWithinBatch === true).join(' or ');
    report(pointer, `is only valid for method.type ${exchanging}; leave it out with ${type}`);
  } else if (rounds !== null && rounds > exact) {
    report(
      pointer,
      `${exact} rounds give exact back-propagation, and more rounds change nothing; use at most ${exact}`,
    );
  }
  return exchanges ? (rounds ?? exact) : null;
}
