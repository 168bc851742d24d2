import type { TaskSuccess } from '../../../../contract/trainer-protocol.js';
import { parallelRange, passMemory } from '../../../../method/index.js';
import type { Shape } from '../../../../network/index.js';
import { TrainerError } from '../../../errors.js';
import { InitialFeatures } from '../../../evaluation/index.js';
import { Optimizer, type ReadableState, settingsOfJob } from '../../../optimizer/index.js';
import { type SampleRows, StoredVariables } from '../../../stored-variables/index.js';
import { type BoundaryVariables, Stopwatch, storedStep } from '../../../training/index.js';
import type { TaskContext } from '../../context.js';
import { trainBatchesOn } from '../../inputs/batches.js';
import { type Readers, withReaders } from '../../inputs/readers.js';
import { stageParameters } from '../../inputs/stage-parameters.js';
import { readCheckpoint } from '../../inputs/states.js';
import { stageState } from '../../inputs/states-before.js';
import { type Owned, withOwned } from '../../owned.js';
import { type AssignedStage, assignedStage } from '../assigned-stage.js';
import { type Trainee, trainRound } from '../round.js';
import { storeState } from '../store-stage.js';
import { eachWritten, type Files, hasMultipliers, openFiles } from '../stored-files.js';
import type { MethodTrainer } from './method-trainer.js';

/** `stored`: the inputs are variables stored for every sample (docs/method.md, "Stored variables"). */
export const stored: MethodTrainer = {
  train: trainStoredStage,
  // The variables belong to single stages, so there is nothing to compare in the composed network.
  gradients: null,
};

/** Trains stage k for one round. */
async function trainStoredStage(context: TaskContext): Promise<TaskSuccess> {
  const assigned = assignedStage(context);
  const { run, stage, round } = assigned;
  const stopwatch = new Stopwatch(context.now);
  const checkpoint = await readCheckpoint(context);
  const parameters = stageParameters(stage);
  return await withOwned(async (owned) => {
    const files = await openFiles(context, run, stage, checkpoint, owned);
    const state = await withReaders(context, (readers) => {
      const own = {
        run,
        steps: parallelRange(run.rounds, round),
        stage: stage.index,
        parameters,
        state: () => stageState(context, stage),
        checkpoint,
        stopwatch,
        begin: (before: ReadableState, opened: Owned) =>
          begun(context, { ...assigned, files, readers }, before, opened),
      };
      return trainRound(context, own, (ended) =>
        stopwatch.timeAsync('checkpoint', () => storeState(context, parameters, ended)),
      );
    });
    const outputs = await stopwatch.timeAsync('checkpoint', async () => ({
      state,
      ...(await eachWritten(files, (draft) => draft.commit())),
    }));
    return { outputs, seconds: stopwatch.seconds, artifacts: [], result: {} };
  });
}

interface StoredStage extends AssignedStage {
  readonly files: Files;
  readonly readers: Readers;
}

function begun(
  context: TaskContext,
  { run, stage, files, readers: { train } }: StoredStage,
  state: ReadableState,
  owned: Owned,
): Trainee {
  const { spec } = context.assignment;
  const { penalty } = spec.method;
  if (typeof penalty !== 'number')
    throw new TrainerError('invalid_assignment', 'stored needs a number as penalty');
  const optimizer = new Optimizer(stageParameters(stage), state, settingsOfJob(spec));
  owned.add(optimizer, () => optimizer.dispose());
  const order = trainBatchesOn(train, context);
  const untrained = (end: number) => {
    const layers = run.stages.slice(0, end).flatMap((each) => each.layers);
    const features = new InitialFeatures(layers, train, spec.seed);
    return owned.add(features, () => features.dispose());
  };
  const next = run.stages[stage.index + 1];
  const trained = storedStep({
    ...files,
    stage: stage.index,
    layers: stage.layers,
    seed: spec.seed,
    precision: spec.precision,
    memory: passMemory(spec.method),
    samplesAt: (step) => order.samplesAt(step),
    own: stage.index > 0 ? boundary(context, files.own, stage.input, untrained(stage.index)) : null,
    downstream: next ? boundary(context, files.downstream, next.input, untrained(next.index)) : null,
    beta: penalty,
    labelSmoothing: spec.label_smoothing,
    optimizer,
  });
  return { trained, state: () => optimizer.readableState(), keepFiles: (stops) => keepRows(files, stops) };
}

/** The files change in place: what is saved of them lasts only if no step follows. */
async function keepRows(files: Files, stops: boolean) {
  return stops ? { spool: null, rows: await eachWritten(files, (draft) => draft.keep()) } : null;
}

function boundary(
  { assignment: { spec } }: TaskContext,
  rows: SampleRows | null,
  input: Shape,
  initial: InitialFeatures,
): BoundaryVariables {
  return { stored: new StoredVariables(rows, input, hasMultipliers(spec)), initial };
}
