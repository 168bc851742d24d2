import type { ResolvedMethod } from '../../../../contract/spec.js';
import {
  COUPLING_LOSSES,
  couplingLossOf,
  describeMethod,
  isTrained,
  type MethodType,
  sendsMessage,
} from '../../../../method/index.js';
import { type Layer, parametersOf, type StageDescription } from '../../../../network/index.js';
import type { LocalGradientOptions } from '../../../evaluation/index.js';
import { couplingObjective, type Downstream } from '../../../objective/coupling-objective.js';
import {
  batchStatisticsRule,
  type Draw,
  inferPass,
  type NamedTensors,
  trainPass,
  uploadWeights,
} from '../../../passes/index.js';
import { free, type Tensor } from '../../../runtime/index.js';
import { classificationObjective, type LocalObjective } from '../../../training/index.js';
import { runOfMessage } from '../../inputs/run.js';
import { auxiliaryParameters } from '../../inputs/stage-parameters.js';
import { initialWeights, readWeights } from '../../inputs/states.js';
import { readSpool } from '../spools.js';
import { type InnerObjective, trainStage } from '../stage.js';
import type { MethodTrainer } from './method-trainer.js';

/** `penalty` and `augmented-lagrangian`: AuxNets make the inputs, and each stage is coupled with the next one. */
export const coupled: MethodTrainer = {
  train: (context) => trainStage(context, openCoupling, coupledLayers),
  gradients: coupledGradients,
};

/** The layers of a stage, without its last ReLU if its coupling reads the values before it. */
function coupledLayers(
  method: Partial<Pick<ResolvedMethod, 'coupling'>>,
  { layers, isLast }: StageDescription,
): readonly Layer[] {
  const last = layers.at(-1);
  if (isLast || !COUPLING_LOSSES[couplingLossOf(method)].ofPreActivation || last?.op !== 'residual')
    return layers;
  return [...layers.slice(0, -1), { ...last, relu: false }];
}

/** The coupling with the next stage, whose AuxNet this stage reads: with multipliers, its corrections too. */
const openCoupling: InnerObjective = async (context, _run, stage, owned) => {
  const { spec } = context.assignment;
  const next = runOfMessage(context, 'auxiliary').stages[stage.index + 1]!;
  const parameters = auxiliaryParameters(next);
  const values = (await readWeights(context, 'auxiliary')) ?? (await initialWeights(context, parameters));
  const weights = uploadWeights(parametersOf(next.auxiliary!), values);
  owned.add(weights, () => free(...weights.values()));
  const corrections = readsCorrections(spec.method) ? await readSpool(context, 'corrections', owned) : null;
  const downstream: Downstream = { auxiliary: next.auxiliary!, weights, corrections };
  return couplingObjective(downstream, spec.method);
};

/** Whether the gradient of the next stage is part of the coupling. */
function readsCorrections(method: { readonly type: MethodType }): boolean {
  return sendsMessage(describeMethod(method), 'corrections');
}

/**
 * From the last stage to the first, so that each stage gets the gradient of its downstream stage on the same batch.
 */
export function coupledGradients(
  options: LocalGradientOptions,
  weights: NamedTensors,
  draw: Draw,
): Map<string, Tensor> {
  const { images } = options.at.batch;
  const gradients = new Map<string, Tensor>();
  const context = { weights, gradients, draw };
  let message: Tensor | null = null;
  const method = { ...options.method, stages: options.stages.length };
  for (const stage of options.stages.toReversed().filter(({ index }) => isTrained(method, index))) {
    const lambda =
      stage.auxiliary && inferPass(stage.auxiliary, images, weights, batchStatisticsRule(weights));
    const pass = trainPass(coupledLayers(options.method, stage), lambda ?? images, context, lambda !== null);
    const local = objectiveOf(options, stage, weights, message)(pass.output, options.at, context);
    local.dispose();
    message = pass.pullback(local.cotangent);
    free(local.cotangent, ...(lambda ? [lambda] : []));
  }
  return gradients;
}

/** @param message g_{k+1}; the objective becomes its owner */
function objectiveOf(
  { stages, method, labelSmoothing }: LocalGradientOptions,
  stage: StageDescription,
  weights: NamedTensors,
  message: Tensor | null,
): LocalObjective {
  if (stage.isLast) return classificationObjective(labelSmoothing);
  const auxiliary = stages[stage.index + 1]!.auxiliary!;
  const corrections = readsCorrections(method) ? { read: () => message! } : null;
  return couplingObjective({ auxiliary, weights, corrections }, method);
}
