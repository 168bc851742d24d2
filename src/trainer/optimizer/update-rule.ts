import type { Tensor, Variable } from '../runtime/index.js';

/** What a rule keeps of each weight between steps; zero at the start. */
export type VectorSlot = 'momentum' | 'first_moment' | 'second_moment';

/** One parameter and what is remembered of it, all of one shape. */
export interface Updated {
  readonly weights: Variable;
  readonly slots: ReadonlyMap<VectorSlot, Variable>;
}

/** What a rule is told of a parameter's update; all tensors stay their owner's. */
export interface RuleInput {
  /** Clipped where asked for. */
  readonly gradient: Tensor;
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Which update of this parameter it is, from 1. */
  readonly update: number;
  /** A number as a tensor that lives as long as the step; parameters share it. */
  readonly scalarOf: (value: number) => Tensor;
}

/** A method of optimisation: which way the weights go, and what it remembers. It owns nothing. */
export interface UpdateRule {
  readonly slots: readonly VectorSlot[];
  /** Whether it must know how many updates there were before. */
  readonly countsSteps: boolean;
  /** One update of one parameter, in place: nobody may hold a tensor of its values meanwhile, or they are copied. */
  apply(parameter: Updated, input: RuleInput): void;
}
