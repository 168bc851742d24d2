import { describeRunIn, messagesTo, type RunDescription } from '../../../method/index.js';
import type { TaskContext } from '../context.js';

/** The run as the steps of a training task see it. */
export function runOfSteps({ assignment }: TaskContext): RunDescription {
  return describeRunIn(assignment.spec, assignment.dataset, assignment);
}

/**
 * The run as it was when the message that a stage task reads as `input` was made: in the round before where it has a lag. Before
 * the first round, a message is made for that one.
 */
export function runOfMessage({ assignment }: TaskContext, input: string): RunDescription {
  const { spec, dataset, stage, kind, round } = assignment;
  const message = messagesTo(spec.method, stage ?? 0).find((edge) => edge.input === input);
  return describeRunIn(spec, dataset, { kind, round: Math.max(0, (round ?? 0) - (message?.lag ?? 0)) });
}
