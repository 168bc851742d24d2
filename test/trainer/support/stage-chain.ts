import type { StageDescription } from '../../../src/network/index.js';
import type { Features, ReferencePass, Values } from './reference.js';
import { RELU, type Rectifier, referenceLossCotangent, referencePass } from './reference-pass.js';

/** The stages of a network in float64, with what the local losses need. Index k of an array belongs to stage k. */
export class StageChain {
  constructor(
    readonly stages: readonly StageDescription[],
    readonly values: Values,
    readonly images: Features,
    readonly labels: readonly number[],
    readonly rectifier: Rectifier = RELU,
  ) {}

  get last(): number {
    return this.stages.length - 1;
  }

  /**
   * Forward passes with lambda_k = o_{k-1} + violations[k], k >= 1; without them the serial network. Any lambda can be
   * written so, and in these coordinates the penalty is diagonal.
   */
  forward(violations: readonly Float64Array[] = []): ReferencePass[] {
    const passes: ReferencePass[] = [];
    let input = this.images;
    for (const { index, layers } of this.stages) {
      const violation = index === 0 ? undefined : violations[index];
      if (violation) input = { ...input, values: plus(input.values, violation) };
      const pass = referencePass(layers, input, this.values, this.rectifier);
      passes.push(pass);
      input = pass.output;
    }
    return passes;
  }

  /** Back-propagation through the whole chain: every parameter's gradient and g_k = d loss / d lambda_k. */
  backPropagation(passes: readonly ReferencePass[]): {
    gradients: Map<string, Float64Array>;
    inputGradients: Float64Array[];
  } {
    const gradients = new Map<string, Float64Array>();
    const inputGradients: Float64Array[] = [];
    let cotangent = this.lossCotangent(passes);
    for (let k = this.last; k >= 0; k--) {
      cotangent = passes[k]!.pullback(cotangent, gradients);
      inputGradients[k] = cotangent;
    }
    return { gradients, inputGradients };
  }

  lossCotangent(passes: readonly ReferencePass[]): Float64Array {
    return referenceLossCotangent(passes[this.last]!.output, this.labels);
  }

  /**
   * Gradients of the local losses (docs/method.md, "The problem"): cross-entropy for the last stage, else
   * (beta/2)|o - lambda|^2/N + <kappa, lambda - o>, whose cotangent is beta (o - lambda)/N - kappa.
   * @param inputs lambda_k; @param norms N_k held constant; @param multipliers kappa_k, or none
   */
  localGradients(
    passes: readonly ReferencePass[],
    inputs: readonly Float64Array[],
    norms: readonly number[],
    beta: number,
    multipliers: readonly Float64Array[] = [],
  ): { gradients: Map<string, Float64Array>; inputGradients: Float64Array[] } {
    const gradients = new Map<string, Float64Array>();
    const inputGradients = passes.map((pass, k) => {
      if (k === this.last) return pass.pullback(this.lossCotangent(passes), gradients);
      const [lambda, kappa, norm] = [inputs[k + 1]!, multipliers[k + 1], norms[k + 1]!];
      const cotangent = pass.output.values.map(
        (o, index) => (beta * (o - lambda[index]!)) / norm - (kappa?.[index] ?? 0),
      );
      return pass.pullback(cotangent, gradients);
    });
    return { gradients, inputGradients };
  }
}

/** |o_{k-1}|^2 by the index k of the variable that stands for it. */
export function squaredNorms(passes: readonly ReferencePass[]): number[] {
  return [Number.NaN, ...passes.slice(0, -1).map(({ output }) => dot(output.values, output.values))];
}

/** o_{k-1} by the index k of the variable that stands for it; nothing at 0. */
export function serialInputs(passes: readonly ReferencePass[]): Float64Array[] {
  return [new Float64Array(0), ...passes.slice(0, -1).map(({ output }) => output.values)];
}

export const plus = (a: Float64Array, b: Float64Array, factor = 1) =>
  a.map((value, index) => value + factor * b[index]!);
export const dot = (a: Float64Array, b: Float64Array) =>
  a.reduce((total, value, index) => total + value * b[index]!, 0);
export const length = (a: Float64Array) => Math.sqrt(dot(a, a));
