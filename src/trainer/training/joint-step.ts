import {
  type ParameterSpec,
  parametersOf,
  type StageDescription,
  trainedParameters,
} from '../../network/index.js';
import type { Optimizer } from '../optimizer/index.js';
import type { Tensor } from '../runtime/index.js';
import type { Trained } from './loop.js';
import { exchangeMessages, type MessageRoundOptions } from './message-rounds.js';
import { measureLoss, type StepAt, type StepReport, updateWeights } from './report.js';

/** A stage with what updates it and its AuxNet. */
export interface MessageRoundStage {
  readonly description: StageDescription;
  readonly optimizer: Optimizer;
}

export interface JointStepOptions
  extends Pick<MessageRoundOptions, 'messageRounds' | 'beta' | 'labelSmoothing' | 'precision' | 'memory'> {
  readonly stages: readonly MessageRoundStage[];
  /** The run's: dropout masks follow from it and the step. */
  readonly seed: number;
}

/** Trains all stages at once: messages go both ways within a batch, so no stage can run ahead. */
export function jointStep(options: JointStepOptions): Trained {
  return { update: (at) => update(options, at) };
}

function update(options: JointStepOptions, at: StepAt): StepReport[] {
  const { stages, seed } = options;
  const messageRounds = {
    ...options,
    stages: stages.map(({ description }) => description),
    weights: new Map(stages.flatMap(({ optimizer }) => [...optimizer.weights])),
    draw: { seed, step: at.step },
  };
  const { gradients, losses } = exchangeMessages(messageRounds, at);
  return stages.flatMap(({ description, optimizer }, stage) => {
    const measured = measureLoss(at, losses[stage]!);
    const own = gradientsOf(stageParameters(description), gradients);
    return updateWeights(at, stage, optimizer, own, measured);
  });
}

function stageParameters({ layers, auxiliary }: StageDescription): ParameterSpec[] {
  return trainedParameters(parametersOf([...layers, ...(auxiliary ?? [])]));
}

function gradientsOf(
  parameters: readonly ParameterSpec[],
  gradients: ReadonlyMap<string, Tensor>,
): Map<string, Tensor> {
  return new Map(parameters.map(({ name }) => [name, gradients.get(name)!]));
}
