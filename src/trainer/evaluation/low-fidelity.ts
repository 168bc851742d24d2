import type { ResolvedMethod } from '../../contract/spec.js';
import type { MetricHistory, MetricSample, TaskWarning } from '../../contract/trainer-protocol.js';
import { describeMethod, type MethodDescription, methodsWith, sendsMessage } from '../../method/index.js';

/**
 * Below this cosine, the gradient of a stage is almost unrelated to that of back-propagation (docs/method.md,
 * "Diagnostics").
 */
const MIN_FIDELITY = 0.1;

/** Last fidelity of each stage before a step. */
export function earlierFidelities(history: MetricHistory, step: number): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const { name, stage, points } of history.series) {
    const before = points.filter(([at]) => at < step).at(-1);
    if (name === 'fidelity' && stage !== null && before) found.set(stage, before[1]);
  }
  return found;
}

/**
 * One warning with a remedy for each stage whose `fidelity` stays too low: in this evaluation and in the one before. One
 * evaluation looks at one batch, on which a stage that learns well may be low.
 * @param earlier fidelities of the evaluation before
 * @param isLast whether no evaluation follows; then it decides alone, if it is the only one
 */
export function lowFidelityWarnings(
  diagnostics: readonly MetricSample[],
  earlier: ReadonlyMap<number, number>,
  isLast: boolean,
  method: Pick<ResolvedMethod, 'type' | 'penalty'>,
): TaskWarning[] {
  const stayedLow = (stage: number | null) => {
    const before = stage === null ? undefined : earlier.get(stage);
    return before === undefined ? isLast : before < MIN_FIDELITY;
  };
  return diagnostics
    .filter(({ name, stage, value }) => name === 'fidelity' && value < MIN_FIDELITY && stayedLow(stage))
    .map(({ stage, step, value }) => ({
      code: 'low_fidelity',
      message:
        `the gradient of stage ${stage} at step ${step} differs much from the gradient of back-propagation: fidelity ` +
        `${value.toFixed(3)}, below ${MIN_FIDELITY}; ${remedyOf(method)}`,
      stage,
      step,
      value,
    }));
}

function remedyOf({ type, penalty }: Pick<ResolvedMethod, 'type' | 'penalty'>): string {
  const stages = 'use fewer stages or a greater method.end_to_end_share';
  if (!hasMultipliers(describeMethod({ type })))
    return `${stages}, or method.type ${methodsWith(hasMultipliers).join(' or ')}`;
  return `${stages}, or another method.penalty than ${penalty}`;
}

/** Whether the gradient of the next stage reaches a stage; its penalty is then what can be wrong. */
const hasMultipliers = (method: MethodDescription): boolean => sendsMessage(method, 'corrections');
