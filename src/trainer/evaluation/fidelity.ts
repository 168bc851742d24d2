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
  climbLadder,
  headObjective,
  type LocalObjective,
  type LossStep,
} from '../training/index.js';

export interface FidelityOptions {
  readonly stages: readonly StageDescription[];
  /** Of every stage and every AuxNet. */
  readonly weights: NamedValues;
  readonly method: Pick<ResolvedMethod, 'type' | 'penalty'> & Partial<Pick<ResolvedMethod, 'message_rounds'>>;
  readonly labelSmoothing: number;
  /** The run's: both gradients are taken with the same dropout masks. */
  readonly seed: number;
  /** The batch that is probed, and the step it belongs to. */
  readonly at: LossStep;
}

/**
 * The cosine between two gradients of theta_k for each stage k, on one batch: that of the stage's local loss, made as
 * in training but from fresh neighbours, and that of back-propagation through the composed network. 1 is the same
 * direction, 0 none in common, and also what a stage without any gradient gets (docs/method.md, "fidelity"). Null for
 * a stage that its method does not train.
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

/** How the method's stages come by their gradients in training. */
function gradientsOf({ method, stages }: FidelityOptions) {
  const staged = { ...method, stages: stages.length };
  if (trainsJointly(staged)) return ladderGradients;
  return describeMethod(staged).hasHeads ? headGradients : coupledGradients;
}

/** As the stages exchange messages within a batch in training. */
function ladderGradients(
  { stages, method, labelSmoothing, at }: FidelityOptions,
  weights: NamedTensors,
  draw: Draw,
): NamedTensors {
  const { penalty, message_rounds: messageRounds } = method;
  if (typeof penalty !== 'number' || !messageRounds)
    throw new Error('a ladder has its rungs and penalty resolved');
  return climbLadder({ stages, weights, messageRounds, beta: penalty, labelSmoothing, draw }, at).gradients;
}

/** From stage 0 on, each with the true features of the stage before it. */
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
  // Last, since a pullback frees the features that the next stage reads.
  for (const pull of pulls.toReversed()) pull();
  return gradients;
}

/** From the last stage down, so that each meets the gradient its downstream stage has on the same batch. */
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

/** @param message g_{k+1}, which the objective takes over */
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

/** Sums in float64: the gradients' entries are as small as 1e-6. */
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
