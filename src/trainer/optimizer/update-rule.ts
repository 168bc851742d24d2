import type { Tensor } from '../runtime/index.js';
import type { Factor } from './factor.js';

/** Vectors a rule keeps between steps, [n] for n weights; zero at the start. */
export type VectorSlot = 'momentum' | 'first_moment' | 'second_moment';

export type SlotTensors = ReadonlyMap<VectorSlot, Tensor>;

/** What a rule sees of a step; all tensors stay their owner's. */
export interface RuleInput {
  /** [n], clipped where asked for. */
  readonly gradient: Tensor;
  /** [n] */
  readonly weights: Tensor;
  readonly slots: SlotTensors;
  readonly weightDecay: Factor;
  /** `numberOf` which update of each weight this is, from 1; the caller frees it. */
  readonly factorOfUpdate: (numberOf: (update: number) => number) => Factor;
}

/** A method of optimisation: which way the weights go, and what it remembers. Pure; it owns nothing. */
export interface UpdateRule {
  readonly slots: readonly VectorSlot[];
  /** Whether it must know how many updates there were before. */
  readonly countsSteps: boolean;
  /**
   * The direction d of w <- w - learningRate d, and the slots' next values: new tensors, owned by the caller. The
   * direction may be one of the slots.
   */
  direct(input: RuleInput): { readonly direction: Tensor; readonly slots: SlotTensors };
}
