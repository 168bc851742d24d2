import type { ResolvedMethod } from '../../contract/spec.js';
import { describeMethod, isTrained, trainsJointly } from '../../method/index.js';
import { headLayers, type ParameterSpec, parametersOf, type StageDescription } from '../../network/index.js';
import { couplingObjective } from '../objective/coupling-objective.js';
import type { NamedValues } from '../optimizer/index.js';
import {
  batchStatisticsRule,
  type Draw,
  inferPass,
  type NamedTensors,
  trainPass,
  uploadWeights,
} from '../passes/index.js';
import { arena, free, read, type Tensor } from '../runtime/index.js';
import {
  classificationObjective,
  exchangeMessages,
  headObjective,
  type LocalObjective,
  type LossStep,
} from '../training/index.js';

export interface FidelityOptions {
  readonly stages: readonly StageDescription[];
  /** Weights of all stages and AuxNets. */
  readonly weights: NamedValues;
  readonly method: Pick<ResolvedMethod, 'type' | 'penalty'> & Partial<Pick<ResolvedMethod, 'message_rounds'>>;
  readonly labelSmoothing: number;
  /** The seed of the run, so that both gradients use the same dropout masks. */
  readonly seed: number;
  /** The batch for the measurement, and its step. */
  readonly at: LossStep;
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
    const weights = uploadWeights(parametersOf(layers), options.weights);
    const local = gradientsOf(options)(options, weights, draw);
    const composed = new Map<string, Tensor>();
    const context = { weights, gradients: composed, draw };
    const serial = stages.flatMap((stage) => stage.layers);
    const pass = trainPass(serial, at.batch.images, context, false);
    const { cotangent, dispose } = classificationObjective(options.labelSmoothing)(pass.output, at, context);
    dispose();
    pass.pullback(cotangent);
    return stages.map(({ index, layers: own }) =>
      isTrained(method, index) ? cosine(parametersOf(own), local, composed) : null,
    );
  });
}

/** Computes the gradients of the stages as the method does in training. */
function gradientsOf({ method, stages }: FidelityOptions) {
  const staged = { ...method, stages: stages.length };
  if (trainsJointly(staged)) return messageRoundGradients;
  return describeMethod(staged).hasHeads ? headGradients : coupledGradients;
}

/** Gradients of a method whose stages exchange messages within a batch. */
function messageRoundGradients(
  { stages, method, labelSmoothing, at }: FidelityOptions,
  weights: NamedTensors,
  draw: Draw,
): NamedTensors {
  const { penalty, message_rounds: messageRounds } = method;
  if (typeof penalty !== 'number' || !messageRounds)
    throw new Error('the message rounds and the penalty must be resolved before');
  return exchangeMessages({ stages, weights, messageRounds, beta: penalty, labelSmoothing, draw }, at)
    .gradients;
}

/** From stage 0 on, each stage with the true features of the stage before it. */
function headGradients(options: FidelityOptions, weights: NamedTensors, draw: Draw): NamedTensors {
  const { at, stages, labelSmoothing } = options;
  const gradients = new Map<string, Tensor>();
  const context = { weights, gradients, draw };
  let input = at.batch.images;
  const pulls = stages.map(({ layers, head }) => {
    const pass = trainPass(layers, input, context, false);
    input = pass.output;
    const objective = head ? headObjective(head, labelSmoothing) : classificationObjective(labelSmoothing);
    const local = objective(pass.output, at, context);
    local.dispose();
    return () => pass.pullback(local.cotangent);
  });
  // At the end, because a pullback frees the features that the next stage reads.
  for (const pull of pulls.toReversed()) pull();
  return gradients;
}

/**
 * From the last stage to the first, so that each stage gets the gradient of its downstream stage on the same batch.
 */
function coupledGradients(options: FidelityOptions, weights: NamedTensors, draw: Draw): Map<string, Tensor> {
  const { images } = options.at.batch;
  const gradients = new Map<string, Tensor>();
  const context = { weights, gradients, draw };
  let message: Tensor | null = null;
  const method = { ...options.method, stages: options.stages.length };
  for (const stage of options.stages.toReversed().filter(({ index }) => isTrained(method, index))) {
    const lambda =
      stage.auxiliary && inferPass(stage.auxiliary, images, weights, batchStatisticsRule(weights));
    const pass = trainPass(stage.layers, lambda ?? images, context, lambda !== null);
    const local = objectiveOf(options, stage, weights, message)(pass.output, options.at, context);
    local.dispose();
    message = pass.pullback(local.cotangent);
    free(local.cotangent, ...(lambda ? [lambda] : []));
  }
  return gradients;
}

/** @param message g_{k+1}; the objective becomes its owner */
function objectiveOf(
  { stages, method, labelSmoothing }: FidelityOptions,
  stage: StageDescription,
  weights: NamedTensors,
  message: Tensor | null,
): LocalObjective {
  if (stage.isLast) return classificationObjective(labelSmoothing);
  const auxiliary = stages[stage.index + 1]!.auxiliary!;
  const readsCorrections = describeMethod(method).messages.some(({ input }) => input === 'corrections');
  const corrections = readsCorrections ? { read: () => message! } : null;
  return couplingObjective({ auxiliary, weights, corrections }, method.penalty);
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
