import type { JobSpec, ResolvedMethod } from '../contract/spec.js';

/** The measure of distance between the output of a stage and the input of the next one. */
export type CouplingLoss = NonNullable<JobSpec['method']['coupling']>;

/**
 * Rules of every `method.coupling` of the contract. The formulas: src/trainer/objective/coupling-losses.ts.
 */
export const COUPLING_LOSSES: Readonly<Record<CouplingLoss, { readonly ofPreActivation: boolean }>> = {
  /** |o - lambda|^2 / 2 of the output o. */
  squared: { ofPreActivation: false },
  /** The Bregman loss of lambda and the values z before the last ReLU of the stage (arXiv:2208.08772). */
  'bregman-relu': { ofPreActivation: true },
};

export const DEFAULT_COUPLING_LOSS: CouplingLoss = 'squared';

/** The coupling of a method. Null, and jobs of earlier versions, have the default. */
export function couplingLossOf({ coupling }: Partial<Pick<ResolvedMethod, 'coupling'>>): CouplingLoss {
  return coupling ?? DEFAULT_COUPLING_LOSS;
}
