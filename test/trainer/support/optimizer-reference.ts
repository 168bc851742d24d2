import type { ParameterSpec } from '../../../src/network/index.js';
import { initialValues } from '../../../src/trainer/optimizer/index.js';
import { normal, randomStream } from '../../../src/trainer/random.js';
import { type Tensor, upload } from '../../../src/trainer/runtime/index.js';

/** Parameters of every kind: kernels, a batch norm's scale, a bias. */
export const PARAMETERS: readonly ParameterSpec[] = [
  { name: 'a/kernel', shape: [2, 3], initializer: { kind: 'normal', standardDeviation: 1 } },
  { name: 'b/gamma', shape: [4], initializer: { kind: 'constant', value: 1 } },
  { name: 'c/kernel', shape: [4, 1], initializer: { kind: 'normal', standardDeviation: 1 } },
  { name: 'c/bias', shape: [1], initializer: { kind: 'constant', value: 0 } },
];

export const SEED = 3;

/** A gradient of standard normal numbers, the same for a step and a name. */
export function gradientValues(step: number, { name, shape }: ParameterSpec): number[] {
  const random = randomStream(step, name);
  const size = shape.reduce((product, side) => product * side, 1);
  return Array.from({ length: size }, () => normal(random));
}

export function gradientsAt(step: number, order = PARAMETERS): Map<string, Tensor> {
  return new Map(
    order.map((parameter) => [
      parameter.name,
      upload(Float32Array.from(gradientValues(step, parameter)), parameter.shape),
    ]),
  );
}

/** One weight's update in float64: (weight, gradient, memory of this weight) -> weight. */
export type ReferenceRule = (weight: number, gradient: number, memory: Memory, at: ReferenceStep) => number;
export type Memory = Record<string, number>;
export interface ReferenceStep {
  readonly parameter: string;
  /** From 1. */
  readonly update: number;
}

/** The same of all weights of a parameter, for rules that measure it. */
export type ParameterRule = (
  weights: readonly number[],
  gradients: readonly number[],
  memories: readonly Memory[],
  at: ReferenceStep,
) => number[];

export function eachWeight(rule: ReferenceRule): ParameterRule {
  return (weights, gradients, memories, at) =>
    weights.map((weight, index) => rule(weight, gradients[index]!, memories[index]!, at));
}

/** Weights after `steps` steps by a formula in float64, gradients clipped together to `limit`. */
export function referenceWeights(
  rule: ParameterRule,
  steps: number,
  limit = Number.POSITIVE_INFINITY,
): Map<string, number[]> {
  const weights = new Map([...initialValues(PARAMETERS, SEED)].map(([name, values]) => [name, [...values]]));
  const memories = new Map(
    [...weights].map(([name, values]) => [name, values.map((): Memory => ({}))] as const),
  );
  for (let step = 0; step < steps; step++) {
    const gradients = PARAMETERS.map((parameter) => gradientValues(step, parameter));
    const shorten = Math.min(1, limit / Math.hypot(...gradients.flat()));
    PARAMETERS.forEach(({ name }, index) => {
      const memory = memories.get(name)!;
      const clipped = gradients[index]!.map((gradient) => gradient * shorten);
      weights.set(name, rule(weights.get(name)!, clipped, memory, { parameter: name, update: step + 1 }));
    });
  }
  return weights;
}
