import type { TaskOutput, TaskSuccess } from '../../../contract/trainer-protocol.js';
import { describeRun, parallelRange, type RunDescription } from '../../../method/index.js';

import type { StageDescription } from '../../../network/index.js';
import { mergeStates } from '../../checkpoint/index.js';
import { TrainerError } from '../../errors.js';
import { learningRateAt, Optimizer, type OptimizerState } from '../../optimizer/index.js';
import { type LadderStage, Stopwatch, trainLadderSteps } from '../../training/index.js';
import { allEnded } from '../all-ended.js';
import { checkPrecision, type TaskContext } from '../context.js';
import { openSteps } from '../inputs/batches.js';

import { stageParameters } from '../inputs/stage-parameters.js';
import { initialState, readCheckpoint, readState } from '../inputs/states.js';
import { withOwned } from '../owned.js';
import { paceOf, samplesOf } from './metric-samples.js';
import { partSettings, saveCheckpoint } from './part.js';
import { storeStage } from './store-stage.js';

/**
 * Trains all stages for one round, with message rounds within each batch (docs/method.md, "Rounds of messages").
 */
export async function trainLadder(context: TaskContext): Promise<TaskSuccess> {
  checkPrecision(context);
  const { spec, dataset } = context.assignment;
  const run = describeRun(spec, dataset);
  const stopwatch = new Stopwatch(context.now);
  const checkpoint = await readCheckpoint(context);
  const states = checkpoint
    ? run.stages.map(() => checkpoint.state)
    : await stopwatch.timeAsync('checkpoint', () => statesBefore(context, run));
  return await withOwned(async (owned) => {
    const stages = run.stages.map((description, index) => {
      const settings = partSettings(spec, description.auxiliary);
      const optimizer = new Optimizer(stageParameters(description), states[index]!, settings);
      return { description, optimizer: owned.add(optimizer, () => optimizer.dispose()) };
    });
    await trainRound(context, run, stages, stopwatch, checkpoint?.step ?? null);
    const outputs = await stopwatch.timeAsync('checkpoint', () => storeStages(context, stages));
    return { outputs, seconds: stopwatch.seconds, artifacts: [], result: {} };
  });
}

async function trainRound(
  context: TaskContext,
  run: RunDescription,
  stages: readonly LadderStage[],
  stopwatch: Stopwatch,
  checkpointStep: number | null,
): Promise<void> {
  const { spec, round } = context.assignment;
  const { penalty, message_rounds: messageRounds } = spec.method;
  if (round === null || messageRounds === null || typeof penalty !== 'number') {
    throw new TrainerError(
      'invalid_assignment',
      'message rounds require a round, message_rounds and a numeric penalty',
    );
  }
  const steps = parallelRange(run.rounds, round);
  const from = checkpointStep ?? steps.start;
  const left = { start: from, end: steps.end };
  const batches = await openSteps(context, left);
  const save = (next: number) =>
    stopwatch.timeAsync('checkpoint', () => {
      const parameters = stages.flatMap(({ description }) => stageParameters(description));
      const state = mergeStates(stages.map(({ optimizer }) => optimizer.state()));
      return saveCheckpoint(context, { parameters, steps }, { state, step: next, spool: null });
    });
  const started = context.now();
  try {
    await trainLadderSteps({
      stages,
      steps,
      from,
      messageRounds,
      beta: penalty,
      labelSmoothing: spec.label_smoothing,
      seed: spec.seed,
      precision: spec.precision,
      batchAt: batches.at,
      learningRateAt: (step) => learningRateAt(spec.optimizer, step, run.rounds),
      onReport: (report, stage) => {
        context.progress(report.step + 1 - steps.start, steps.end - steps.start);
        context.metrics(samplesOf(report, stage));
      },
      breathe: (next) => context.breathe(() => save(next)),
      stopwatch,
    });
    context.metrics(paceOf(context, left, null, started, stopwatch));
  } finally {
    batches.close(stopwatch);
  }
}

async function statesBefore(context: TaskContext, { stages }: RunDescription): Promise<OptimizerState[]> {
  const { inputs } = context.assignment;
  const before = async (stage: StageDescription): Promise<OptimizerState> =>
    inputs[`state-${stage.index}`]
      ? await readState(context, `state-${stage.index}`)
      : await initialState(context, stageParameters(stage));
  return await allEnded(stages.map(before));
}

async function storeStages(
  context: TaskContext,
  stages: readonly LadderStage[],
): Promise<Record<string, TaskOutput>> {
  const outputs: Record<string, TaskOutput> = {};
  for (const { description, optimizer } of stages) {
    Object.assign(outputs, await storeStage(context, description, optimizer.state()));
  }
  return outputs;
}
