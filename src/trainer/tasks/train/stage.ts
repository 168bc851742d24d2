import type { ResolvedMethod } from '../../../contract/spec.js';
import type { TaskOutput, TaskSuccess } from '../../../contract/trainer-protocol.js';
import { type RunDescription, stageRange } from '../../../method/index.js';

import type { Layer, StageDescription } from '../../../network/index.js';
import { TrainerError } from '../../errors.js';
import type { ReadableState } from '../../optimizer/index.js';
import { classificationObjective, type LocalObjective, Stopwatch } from '../../training/index.js';
import { allEnded } from '../all-ended.js';
import type { TaskContext } from '../context.js';
import { stageParameters } from '../inputs/stage-parameters.js';

import { readCheckpoint } from '../inputs/states.js';
import { stageState } from '../inputs/states-before.js';
import { type Owned, withOwned } from '../owned.js';
import { assignedStage } from './assigned-stage.js';
import { type TrainPartOptions, trainPart } from './part.js';
import { openFeatures, openSpool, type Spool } from './spools.js';
import { storeAuxiliary, storeState } from './store-stage.js';

/** The local loss of a stage before the last one. Whatever it opens is closed at the end of the task. */
export type InnerObjective = (
  context: TaskContext,
  run: RunDescription,
  stage: StageDescription,
  owned: Owned,
) => Promise<LocalObjective>;

/**
 * Trains stage k, with its AuxNet or its head, for one round of the layer-parallel phase.
 * @param inner the local loss of the stages before the last one; null if the method trains the last one only
 * @param layersOf what a stage computes for its loss. Absent: its output
 */
export async function trainStage(
  context: TaskContext,
  inner: InnerObjective | null,
  layersOf: (method: ResolvedMethod, stage: StageDescription) => readonly Layer[] = (_, { layers }) => layers,
): Promise<TaskSuccess> {
  const { run, stage, round } = assignedStage(context);
  const stopwatch = new Stopwatch(context.now);
  const checkpoint = await readCheckpoint(context);
  return await withOwned(async (owned) => {
    const spool = await openSpool(context, run, stage, checkpoint, owned);
    const objective = await objectiveOf(context, run, stage, owned, inner);
    const features = await openFeatures(context, stage, owned);
    const parameters = stageParameters(stage);
    const options: TrainPartOptions = {
      run,
      part: {
        stage: stage.index,
        layers: layersOf(context.assignment.spec.method, stage),
        auxiliary: stage.auxiliary,
      },
      parameters,
      state: () => stageState(context, stage),
      checkpoint,
      steps: stageRange(run.rounds, round, context.assignment.replica),
      inputAt: features && ((pass) => features.read(pass)),
      objective,
      // The next AuxNet reads them.
      comparesImages: !stage.isLast,
      spool,
      stopwatch,
    };
    const outputs = await trainPart(context, options, (state) =>
      stopwatch.timeAsync('checkpoint', () => storeOutputs(context, stage, state, spool)),
    );
    return { outputs, seconds: stopwatch.seconds, artifacts: [], result: {} };
  });
}

async function objectiveOf(
  context: TaskContext,
  run: RunDescription,
  stage: StageDescription,
  owned: Owned,
  inner: InnerObjective | null,
): Promise<LocalObjective> {
  if (stage.isLast) return classificationObjective(context.assignment.spec.label_smoothing);
  if (inner === null)
    throw new TrainerError('invalid_assignment', `the method does not train stage ${stage.index}`);
  return await inner(context, run, stage, owned);
}

async function storeOutputs(
  context: TaskContext,
  stage: StageDescription,
  state: ReadableState,
  spool: Spool | null,
): Promise<Record<string, TaskOutput>> {
  const { assignment, carried } = context;
  // At the same time, because most of this time is waiting for the disk.
  const [kept, auxiliary, message] = await allEnded([
    storeState(context, stageParameters(stage), state),
    storeAuxiliary(context, stage, state),
    spool?.writer.commit(),
  ]);
  // Replicas continue from their mean.
  if (assignment.replica === null) carried?.keep(kept.uri, state);
  return {
    state: kept,
    ...(auxiliary && { auxiliary }),
    ...(spool && message && { [spool.name]: message }),
  };
}
