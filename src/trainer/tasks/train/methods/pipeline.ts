import type { TaskSuccess } from '../../../../contract/trainer-protocol.js';
import { describeRun, lagOf, parallelRange, type RunDescription } from '../../../../method/index.js';
import { type Checkpoint, mergeStates } from '../../../checkpoint/index.js';
import { TrainerError } from '../../../errors.js';
import { learningRateAt, Optimizer, type OptimizerState } from '../../../optimizer/index.js';
import { type BatchStep, Pipeline, PipelineStage, reportsAt, Stopwatch } from '../../../training/index.js';
import type { TaskContext } from '../../context.js';
import { stageParameters } from '../../inputs/stage-parameters.js';
import { readCheckpoint } from '../../inputs/states.js';
import type { Owned } from '../../owned.js';
import { statesBefore, storeStages } from '../joint-stages.js';
import { partSettings } from '../part.js';
import { type Trainee, trainRound } from '../round.js';
import type { MethodTrainer } from './method-trainer.js';

/** `pipeline`: features go downstream and gradients upstream in every step, with fixed lags (docs/method.md). */
export const pipeline: MethodTrainer = {
  train: trainPipeline,
  // Only the lags part the stages from back-propagation, and one batch in the composed network has none.
  gradients: null,
};

/** Trains all stages for one round, at whose end no batch is under way. */
async function trainPipeline(context: TaskContext): Promise<TaskSuccess> {
  const { spec, dataset, round } = context.assignment;
  const run = describeRun(spec, dataset);
  if (round === null) throw new TrainerError('invalid_assignment', 'a pipeline needs a round');
  const stopwatch = new Stopwatch(context.now);
  const checkpoint = await readCheckpoint(context);
  const state = await trainRound(context, {
    run,
    steps: parallelRange(run.rounds, round),
    stage: null,
    parameters: run.stages.flatMap(stageParameters),
    state: () => statesBefore(context, run),
    checkpoint,
    stopwatch,
    begin: (before, owned) => begun(context, { run, round, checkpoint }, before, owned),
  });
  const outputs = await stopwatch.timeAsync('checkpoint', () => storeStages(context, run.stages, state));
  return { outputs, seconds: stopwatch.seconds, artifacts: [], result: {} };
}

interface PipelineRound {
  readonly run: RunDescription;
  readonly round: number;
  readonly checkpoint: Checkpoint | null;
}

function begun(
  { assignment: { spec } }: TaskContext,
  { run, round, checkpoint }: PipelineRound,
  state: OptimizerState,
  owned: Owned,
): Trainee {
  const steps = parallelRange(run.rounds, round);
  const from = checkpoint?.step ?? steps.start;
  const stages = run.stages.map((stage) => {
    const optimizer = new Optimizer(stageParameters(stage), state, partSettings(spec, null));
    owned.add(optimizer, () => optimizer.dispose());
    const { index, layers } = stage;
    const lag = lagOf(run.stages.length, index);
    return new PipelineStage({ index, layers, optimizer, lag, seed: spec.seed, precision: spec.precision });
  });
  const first = Math.max(steps.start, from - stages[0]!.options.lag);
  const trained = new Pipeline({
    stages,
    upstream: null,
    downstream: null,
    labelSmoothing: spec.label_smoothing,
    before: Array.from({ length: from - first }, (_, index): BatchStep => {
      const step = first + index;
      const learningRate = learningRateAt(spec.optimizer, step, run.rounds);
      return { step, learningRate, reports: reportsAt(steps, step) };
    }),
    forwarded: from - steps.start,
  });
  if (checkpoint) trained.restore(checkpoint.inFlight ?? new Map());
  return {
    trained,
    state: () => mergeStates(stages.map(({ options }) => options.optimizer.state())),
    inFlight: () => trained.saved(),
  };
}
