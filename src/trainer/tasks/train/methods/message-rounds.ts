import type { ResolvedSpec } from '../../../../contract/spec.js';
import type { TaskSuccess } from '../../../../contract/trainer-protocol.js';
import { parallelRange, passMemory } from '../../../../method/index.js';
import type { StageDescription } from '../../../../network/index.js';
import { mergeStates } from '../../../checkpoint/index.js';
import { TrainerError } from '../../../errors.js';
import type { LocalGradientOptions } from '../../../evaluation/index.js';
import { Optimizer, type ReadableState } from '../../../optimizer/index.js';
import type { Draw, NamedTensors } from '../../../passes/index.js';
import { exchangeMessages, jointStep, Stopwatch } from '../../../training/index.js';
import type { TaskContext } from '../../context.js';
import { runOfSteps } from '../../inputs/run.js';
import { stageParameters } from '../../inputs/stage-parameters.js';
import { readCheckpoint } from '../../inputs/states.js';
import type { Owned } from '../../owned.js';
import { statesBefore, storeStages } from '../joint-stages.js';
import { partSettings } from '../part.js';
import { type Trainee, trainRound } from '../round.js';
import type { MethodTrainer } from './method-trainer.js';

/** `rounds`: all stages train together and exchange messages within each batch (docs/method.md, "Rounds of messages"). */
export const messageRounds: MethodTrainer = { train: trainMessageRounds, gradients: messageRoundGradients };

/** Trains every stage for one round. */
async function trainMessageRounds(context: TaskContext): Promise<TaskSuccess> {
  const { spec, round } = context.assignment;
  const run = runOfSteps(context);
  if (round === null) throw new TrainerError('invalid_assignment', 'message rounds need a round');
  const stopwatch = new Stopwatch(context.now);
  const joint = {
    run,
    steps: parallelRange(run.rounds, round),
    stage: null,
    parameters: run.stages.flatMap(stageParameters),
    state: () => statesBefore(context, run.stages),
    checkpoint: await readCheckpoint(context),
    stopwatch,
    begin: (before: ReadableState, owned: Owned) => begun(spec, run.stages, before, owned),
  };
  const outputs = await trainRound(context, joint, (state) =>
    stopwatch.timeAsync('checkpoint', () => storeStages(context, run.stages, state)),
  );
  return { outputs, seconds: stopwatch.seconds, artifacts: [], result: {} };
}

/** Each stage with an optimiser of its own, which takes from the joined state what bears its parameters' names. */
function begun(
  spec: ResolvedSpec,
  descriptions: readonly StageDescription[],
  state: ReadableState,
  owned: Owned,
): Trainee {
  const { penalty, message_rounds: messageRounds } = spec.method;
  if (messageRounds === null || typeof penalty !== 'number') {
    throw new TrainerError(
      'invalid_assignment',
      'message rounds need message_rounds and a number as penalty',
    );
  }
  const stages = withOptimizers(spec, descriptions, state, owned);
  const trained = jointStep({
    stages,
    messageRounds,
    beta: penalty,
    labelSmoothing: spec.label_smoothing,
    seed: spec.seed,
    precision: spec.precision,
    memory: passMemory(spec.method),
  });
  return { trained, state: () => mergeStates(stages.map(({ optimizer }) => optimizer.readableState())) };
}

/** By itself: functions of a running round would hold a state that is used in a function beside them. */
function withOptimizers(
  spec: ResolvedSpec,
  descriptions: readonly StageDescription[],
  state: ReadableState,
  owned: Owned,
) {
  return descriptions.map((description) => {
    const settings = partSettings(spec, description.auxiliary);
    const optimizer = new Optimizer(stageParameters(description), state, settings);
    return { description, optimizer: owned.add(optimizer, () => optimizer.dispose()) };
  });
}

/** Gradients of a method whose stages exchange messages within a batch. */
function messageRoundGradients(
  { stages, method, labelSmoothing, at }: LocalGradientOptions,
  weights: NamedTensors,
  draw: Draw,
): NamedTensors {
  const { penalty, message_rounds: messageRounds } = method;
  if (typeof penalty !== 'number' || !messageRounds)
    throw new Error('the message rounds and the penalty must be resolved before');
  return exchangeMessages({ stages, weights, messageRounds, beta: penalty, labelSmoothing, draw }, at)
    .gradients;
}
