import type { ResolvedMethod } from '../../contract/spec.js';
import { isTrained } from '../../method/index.js';
import {
  headLayers,
  type ParameterSpec,
  parametersOf,
  type StageDescription,
  trainedParameters,
} from '../../network/index.js';
import type { NamedValues } from '../optimizer/index.js';
import { type Draw, type NamedTensors, trainPass, uploadWeights } from '../passes/index.js';
import { arena, read, type Tensor } from '../runtime/index.js';
import { classificationObjective, type LossStep } from '../training/index.js';

/**
 * The gradients of the local losses of all stages on one batch, computed as the method does in training but with current
 * neighbors.
 */
export type LocalGradients = (
  options: LocalGradientOptions,
  weights: NamedTensors,
  draw: Draw,
) => NamedTensors;

export interface LocalGradientOptions {
  readonly stages: readonly StageDescription[];
  readonly method: Pick<ResolvedMethod, 'type' | 'penalty'> &
    Partial<Pick<ResolvedMethod, 'message_rounds' | 'coupling'>>;
  readonly labelSmoothing: number;
  /** The batch for the measurement, and its step. */
  readonly at: LossStep;
}

export interface FidelityOptions extends LocalGradientOptions {
  readonly gradients: LocalGradients;
  /** Weights of all stages and AuxNets. */
  readonly weights: NamedValues;
  /** The seed of the run, so that both gradients use the same dropout masks. */
  readonly seed: number;
}

/**
 * The cosine between two gradients of theta_k for each stage k, on one batch: the gradient of the local loss of the
 * stage, as in training but with current neighbors, and the gradient of back-propagation through the composed
 * network. 1 means the same direction, 0 means orthogonal; a stage without any gradient also gets 0
 * (docs/method.md, "fidelity"). Null for a stage that the method does not train.
 */
export function fidelities(options: FidelityOptions): (number | null)[] {
  const { stages, at } = options;
  const draw = { seed: options.seed, step: at.step };
  const method = { ...options.method, stages: stages.length };
  return arena(() => {
    const layers = stages.flatMap((stage) => [
      ...stage.layers,
      ...(stage.auxiliary ?? []),
      ...headLayers(stage),
    ]);
    // Copies of stages bear the names of their originals.
    const parameters = new Map(parametersOf(layers).map((parameter) => [parameter.name, parameter]));
    const weights = uploadWeights([...parameters.values()], options.weights);
    const local = options.gradients(options, weights, draw);
    const composed = new Map<string, Tensor>();
    const context = { weights, gradients: composed, draw };
    const serial = stages.flatMap((stage) => stage.layers);
    const pass = trainPass(serial, at.batch.images, context, false);
    const { cotangent, dispose } = classificationObjective(options.labelSmoothing)(pass.output, at, context);
    dispose();
    pass.pullback(cotangent);
    return stages.map(({ index, layers: own }) =>
      isTrained(method, index) ? cosine(trainedParameters(parametersOf(own)), local, composed) : null,
    );
  });
}

/** Sums in float64, because entries of gradients are as small as 1e-6. */
function cosine(parameters: readonly ParameterSpec[], a: NamedTensors, b: NamedTensors): number {
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  for (const { name } of parameters) {
    const [left, right] = [read(a.get(name)!), read(b.get(name)!)];
    left.forEach((value, index) => {
      product += value * right[index]!;
      squareA += value * value;
      squareB += right[index]! * right[index]!;
    });
  }
  return squareA > 0 && squareB > 0 ? product / Math.sqrt(squareA * squareB) : 0;
}
