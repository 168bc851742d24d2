import type { JobSpec } from '../../../contract/spec.js';
import type { Problems } from '../problems.js';
import type { MethodFacts } from './facts.js';

/** Message rounds after which the gradient of K stages is exactly that of back-propagation. */
const exactMessageRounds = (stages: number): number => 2 * stages - 1;

/** @returns message rounds of a step; null for every method but `rounds` */
export function resolveMessageRounds(
  { type, message_rounds: rounds }: JobSpec['method'],
  { stages }: Pick<MethodFacts, 'stages'>,
  report: Problems,
): number | null {
  const exact = exactMessageRounds(stages);
  const pointer = '/method/message_rounds';
  if (rounds !== null && type !== 'rounds') {
    report(pointer, `is only valid for method.type rounds; leave it out with ${type}`);
  } else if (rounds !== null && rounds > exact) {
    report(
      pointer,
      `${exact} rounds give exact back-propagation, and more rounds change nothing; use at most ${exact}`,
    );
  }
  return type === 'rounds' ? (rounds ?? exact) : null;
}
