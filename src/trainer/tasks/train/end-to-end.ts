import type { TaskOutput, TaskSuccess } from '../../../contract/trainer-protocol.js';
import { replicaRange } from '../../../method/index.js';

import { type ParameterSpec, parametersOf, wholeNetwork } from '../../../network/index.js';
import { inMemory, type ReadableState, replicaState } from '../../optimizer/index.js';
import { classificationObjective, Stopwatch } from '../../training/index.js';
import type { TaskContext } from '../context.js';

import { runOfSteps } from '../inputs/run.js';
import { readCheckpoint } from '../inputs/states.js';
import { joinedState } from '../inputs/states-before.js';
import { handOver } from './hand-over.js';
import { type TrainPartOptions, trainPart } from './part.js';
import { storeState } from './store-stage.js';

/**
 * Trains the joined network for one round of the warm start or of the end-to-end phase (serial-parallel hybrid,
 * docs/method.md). In the end-to-end phase, it may be one of the replicas that share the steps. The last round of
 * the warm start passes the network to the stages.
 */
export async function trainEndToEnd(context: TaskContext): Promise<TaskSuccess> {
  const { spec, round, replica } = context.assignment;
  const run = runOfSteps(context);
  const layers = wholeNetwork(run.network);
  const parameters = parametersOf(layers);
  const stopwatch = new Stopwatch(context.now);
  const checkpoint = await readCheckpoint(context);
  const steps = replicaRange(run.rounds, round ?? 0, replica ?? 0);
  const before = () => joinedState(context, run, parameters);
  const options = {
    run,
    part: { stage: null, layers, auxiliary: null },
    parameters,
    state: before,
    checkpoint,
    steps,
    objective: classificationObjective(spec.label_smoothing),
    comparesImages: false,
    spool: null,
    stopwatch,
  };
  const outputs =
    round === run.rounds.warmStartRounds - 1
      ? await thenHandOver(context, options)
      : await trainPart(context, options, (state) =>
          stopwatch.timeAsync('checkpoint', async () => ({
            state: await storeEnd(context, parameters, state, before),
          })),
        );
  return { outputs, seconds: stopwatch.seconds, artifacts: [], result: {} };
}

/** The device is free for the AuxNets, which are fitted after the round. */
async function thenHandOver(
  context: TaskContext,
  options: TrainPartOptions,
): Promise<Record<string, TaskOutput>> {
  const { run, steps, stopwatch } = options;
  // Its AuxNets are asked for when later checkpoints may have replaced it.
  const checkpoint = options.checkpoint && {
    ...options.checkpoint,
    state: inMemory(options.checkpoint.state),
  };
  const state = await trainPart(context, { ...options, checkpoint }, async (ended) => inMemory(ended));
  return stopwatch.timeAsync('hand_over', () => handOver(context, { run, state, steps, checkpoint }));
}

async function storeEnd(
  context: TaskContext,
  parameters: readonly ParameterSpec[],
  state: ReadableState,
  before: () => Promise<ReadableState>,
): Promise<TaskOutput> {
  const { spec, replica } = context.assignment;
  if (replica !== null) {
    // Replicas continue from what joins them, so their state is not kept.
    return storeState(context, parameters, await replicaState(spec.method, replica, before, state));
  }
  const stored = await storeState(context, parameters, state);
  context.carried?.keep(stored.uri, state);
  return stored;
}
