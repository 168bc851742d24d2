import type { JobSpec } from '../contract/spec.js';

/** A coupling that a job can choose for stored variables. */
export type StoredCoupling = NonNullable<JobSpec['method']['stored']['coupling']>;

export interface CouplingRules {
  /** Whether a multiplier is kept beside each variable: as many values again. */
  readonly hasMultiplier: boolean;
}

/** Rules of every `stored.coupling` of the contract. The formulas: src/trainer/objective/coupling.ts. */
export const COUPLINGS: Readonly<Record<StoredCoupling, CouplingRules>> = {
  penalty: { hasMultiplier: false },
  'augmented-lagrangian': { hasMultiplier: true },
};

/** Value of `stored.coupling` null. */
export const DEFAULT_COUPLING: StoredCoupling = 'penalty';
