import type { TaskOutput, TaskSuccess } from '../../../contract/trainer-protocol.js';
import { messagesTo, parallelRange, type RunDescription } from '../../../method/index.js';

import { parametersOf, type StageDescription } from '../../../network/index.js';
import { encodeState, encodeWeights } from '../../checkpoint/index.js';
import { couplingObjective, type Downstream } from '../../objective/coupling-objective.js';
import type { OptimizerState } from '../../optimizer/index.js';
import { uploadWeights } from '../../passes/index.js';
import { free } from '../../runtime/index.js';
import {
  classificationObjective,
  headObjective,
  type LocalObjective,
  Stopwatch,
} from '../../training/index.js';
import { allEnded } from '../all-ended.js';
import type { TaskContext } from '../context.js';
import { auxiliaryParameters, stageParameters } from '../inputs/stage-parameters.js';

import { initialWeights, readCheckpoint, readWeights, stateBefore } from '../inputs/states.js';
import { type Owned, withOwned } from '../owned.js';
import { assignedStage } from './assigned-stage.js';
import { trainPart } from './part.js';
import { openFeatures, openSpool, readSpool, type Spool } from './spools.js';

/** Trains stage k, with its AuxNet or its head, for one round of the layer-parallel phase. */
export async function trainStage(context: TaskContext): Promise<TaskSuccess> {
  const { run, stage, round } = assignedStage(context);
  const stopwatch = new Stopwatch(context.now);
  const checkpoint = await readCheckpoint(context);
  return await withOwned(async (owned) => {
    const spool = await openSpool(context, run, stage, checkpoint, owned);
    const coupled = await openDownstream(context, run, stage, owned);
    const features = await openFeatures(context, stage, owned);
    const parameters = stageParameters(stage);
    const state = await trainPart(context, {
      run,
      part: { stage: stage.index, layers: stage.layers, auxiliary: stage.auxiliary },
      parameters,
      state: () => stateBefore(context, parameters),
      checkpoint,
      steps: parallelRange(run.rounds, round),
      inputAt: features && ((step) => features.read(step)),
      objective: coupled ?? labelObjective(context, stage),
      spool,
      stopwatch,
    });
    const outputs = await stopwatch.timeAsync('checkpoint', () => storeOutputs(context, stage, state, spool));
    return { outputs, seconds: stopwatch.seconds, artifacts: [], result: {} };
  });
}

/** The objective of a stage that learns from the labels: through its own head, or as the last one of the network. */
function labelObjective({ assignment: { spec } }: TaskContext, { head }: StageDescription): LocalObjective {
  return head ? headObjective(head, spec.label_smoothing) : classificationObjective(spec.label_smoothing);
}

/** The coupling with the next stage, if this stage reads its AuxNet: with multipliers, its corrections too. */
async function openDownstream(
  context: TaskContext,
  run: RunDescription,
  stage: StageDescription,
  owned: Owned,
): Promise<LocalObjective | null> {
  const { spec } = context.assignment;
  const received = new Set(messagesTo(spec.method, stage.index).map(({ input }) => input));
  if (!received.has('auxiliary')) return null;
  const next = run.stages[stage.index + 1]!;
  const parameters = auxiliaryParameters(next);
  const values = (await readWeights(context, 'auxiliary')) ?? (await initialWeights(context, parameters));
  const weights = uploadWeights(parametersOf(next.auxiliary!), values);
  owned.add(weights, () => free(...weights.values()));
  const corrections = received.has('corrections') ? await readSpool(context, 'corrections', owned) : null;
  const downstream: Downstream = { auxiliary: next.auxiliary!, weights, corrections };
  return couplingObjective(downstream, spec.method.penalty);
}

async function storeOutputs(
  context: TaskContext,
  stage: StageDescription,
  state: OptimizerState,
  spool: Spool | null,
): Promise<Record<string, TaskOutput>> {
  const { blobs } = context;
  // At the same time, because most of this time is waiting for the disk.
  const [kept, auxiliary, message] = await allEnded([
    blobs.put(encodeState(stageParameters(stage), state)),
    stage.auxiliary && blobs.put(encodeWeights(auxiliaryParameters(stage), state.weights)),
    spool?.writer.commit(),
  ]);
  context.carried?.keep(kept.uri, state);
  return {
    state: kept,
    ...(auxiliary && { auxiliary }),
    ...(spool && message && { [spool.name]: message }),
  };
}
