import type { ResolvedSpec } from '../../contract/spec.js';

type Optimizer = ResolvedSpec['optimizer'];

/** Learning rate of `step` of `totalSteps`. One schedule spans the run: the end-to-end phase continues it. */
export function learningRateAt(optimizer: Optimizer, step: number, totalSteps: number): number {
  const done = step / totalSteps;
  const { learning_rate: base, schedule } = optimizer;
  switch (schedule.type) {
    case 'constant':
      return base;
    case 'step':
      return base * schedule.gamma ** schedule.milestones.filter((milestone) => done >= milestone).length;
    case 'cosine':
      // Loshchilov and Hutter, arXiv:1608.03983, equation 5, without restarts.
      return (base / 2) * (1 + Math.cos(Math.PI * done));
  }
}
