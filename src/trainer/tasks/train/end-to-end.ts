import type { TaskOutput, TaskSuccess } from '../../../contract/trainer-protocol.js';
import { outerOfReplicas, replicaRange } from '../../../method/index.js';

import { type ParameterSpec, parametersOf, wholeNetwork } from '../../../network/index.js';
import { encodeState } from '../../checkpoint/index.js';
import { type OptimizerState, withStart } from '../../optimizer/index.js';
import { classificationObjective, Stopwatch } from '../../training/index.js';
import type { TaskContext } from '../context.js';

import { runOfSteps } from '../inputs/run.js';
import { joinedState, readCheckpoint } from '../inputs/states.js';
import { handOver } from './hand-over.js';
import { trainPart } from './part.js';

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
  const state = await trainPart(context, {
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
  });
  const outputs =
    round === run.rounds.warmStartRounds - 1
      ? await stopwatch.timeAsync('hand_over', () => handOver(context, { run, state, steps, checkpoint }))
      : {
          state: await stopwatch.timeAsync('checkpoint', () =>
            storeState(context, parameters, state, before),
          ),
        };
  return { outputs, seconds: stopwatch.seconds, artifacts: [], result: {} };
}

async function storeState(
  context: TaskContext,
  parameters: readonly ParameterSpec[],
  state: OptimizerState,
  before: () => Promise<OptimizerState>,
): Promise<TaskOutput> {
  const { spec, replica } = context.assignment;
  if (replica !== null) {
    // Replicas continue from what joins them, so their state is not kept.
    const keepsStart = replica === 0 && outerOfReplicas(spec.method) !== null;
    return context.blobs.put(encodeState(parameters, keepsStart ? withStart(await before(), state) : state));
  }
  const stored = await context.blobs.put(encodeState(parameters, state));
  context.carried?.keep(stored.uri, state);
  return stored;
}
