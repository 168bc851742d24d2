import type { ResolvedMethod } from '../../contract/spec.js';
import type { MetricSample, TaskWarning } from '../../contract/trainer-protocol.js';

/**
 * Below this cosine, the gradient of a stage is almost unrelated to that of back-propagation (docs/method.md,
 * "Diagnostics").
 */
const MIN_FIDELITY = 0.1;

/** One warning with a remedy for each stage whose `fidelity` in an evaluation is too low. */
export function lowFidelityWarnings(
  diagnostics: readonly MetricSample[],
  method: Pick<ResolvedMethod, 'type' | 'penalty'>,
): TaskWarning[] {
  return diagnostics
    .filter(({ name, value }) => name === 'fidelity' && value < MIN_FIDELITY)
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
  if (type !== 'augmented-lagrangian') return `${stages}, or method.type augmented-lagrangian`;
  return `${stages}, or another method.penalty than ${penalty}`;
}
