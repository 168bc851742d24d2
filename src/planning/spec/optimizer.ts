import type { JobSpec, ResolvedOptimizer } from '../../contract/spec.js';
import type { Problems } from './problems.js';

type OptimizerSpec = JobSpec['optimizer'];

const SGD_DEFAULTS = { learning_rate: 0.1, momentum: 0.9, weight_decay: 0.0001 };
// Those of the paper's authors (arXiv:1711.05101) and of PyTorch.
const ADAMW_DEFAULTS = {
  learning_rate: 0.001,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weight_decay: 0.01,
};

/** Fills in the defaults of the optimiser's type; a field that this type does not have is a problem. */
export function resolveOptimizer(
  { optimizer, epochs }: Pick<JobSpec, 'optimizer' | 'epochs'>,
  report: Problems,
): ResolvedOptimizer {
  checkSchedule(optimizer.schedule, epochs, report);
  return optimizer.type === 'sgd' ? resolveSgd(optimizer, report) : resolveAdamw(optimizer, report);
}

function resolveSgd(spec: OptimizerSpec, report: Problems): ResolvedOptimizer {
  for (const field of ['beta1', 'beta2', 'epsilon'] as const) {
    if (spec[field] !== null) report(`/optimizer/${field}`, 'is for adamw; leave it out with sgd');
  }
  const momentum = spec.momentum ?? SGD_DEFAULTS.momentum;
  if (spec.nesterov && momentum === 0) {
    report('/optimizer/nesterov', 'looks ahead along the momentum: use a momentum above 0, or false');
  }
  return {
    ...spec,
    type: 'sgd',
    learning_rate: spec.learning_rate ?? SGD_DEFAULTS.learning_rate,
    weight_decay: spec.weight_decay ?? SGD_DEFAULTS.weight_decay,
    momentum,
    beta1: null,
    beta2: null,
    epsilon: null,
  };
}

function resolveAdamw(spec: OptimizerSpec, report: Problems): ResolvedOptimizer {
  if (spec.momentum !== null) {
    report('/optimizer/momentum', 'is for sgd; adamw has beta1 in its place');
  }
  if (spec.nesterov) report('/optimizer/nesterov', 'is for sgd; use false with adamw');
  return {
    ...spec,
    type: 'adamw',
    learning_rate: spec.learning_rate ?? ADAMW_DEFAULTS.learning_rate,
    weight_decay: spec.weight_decay ?? ADAMW_DEFAULTS.weight_decay,
    momentum: null,
    beta1: spec.beta1 ?? ADAMW_DEFAULTS.beta1,
    beta2: spec.beta2 ?? ADAMW_DEFAULTS.beta2,
    epsilon: spec.epsilon ?? ADAMW_DEFAULTS.epsilon,
  };
}

/** A warm-up ends before the run does, and before the rate first falls. */
function checkSchedule(
  { type, warmup_epochs: warmup, milestones }: OptimizerSpec['schedule'],
  epochs: number,
  report: Problems,
): void {
  const pointer = '/optimizer/schedule/warmup_epochs';
  if (warmup >= epochs) {
    report(pointer, `must be below the run's ${epochs} epochs, or the rate never arrives`);
    return;
  }
  const first = Math.min(...milestones) * epochs;
  if (type === 'step' && warmup > first) {
    report(pointer, `must be at most ${Number(first.toPrecision(3))}, where the first milestone is`);
  }
}
