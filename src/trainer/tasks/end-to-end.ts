import { REPLICA_INPUT, type TaskOutput, type TaskSuccess } from '../../contract/trainer-protocol.js';
import { type ParameterSpec, parametersOf, replicaRange, wholeNetwork } from '../../network/index.js';
import { encodeState, mergeStates } from '../checkpoint/index.js';
import { meanState, type OptimizerState } from '../optimizer/index.js';
import { classificationObjective, Stopwatch } from '../training/index.js';
import { initialState, readCheckpoint, readState, type TaskContext } from './context.js';
import { handOver } from './hand-over.js';
import { describeRun, type RunDescription } from './run-description.js';
import { trainPart } from './train.js';

/**
 * Trains the joined network for one round: of the warm start, or of the end-to-end phase (serial-parallel hybrid,
 * docs/method.md), there as one of the replicas that share its steps. The warm start's last round hands the network over to
 * the stages.
 */
export async function trainEndToEnd(context: TaskContext): Promise<TaskSuccess> {
  const { spec, dataset, round, replica } = context.assignment;
  const run = describeRun(spec, dataset);
  const layers = wholeNetwork(run.network);
  const parameters = parametersOf(layers);
  const stopwatch = new Stopwatch(context.now);
  const state = await trainPart(context, {
    run,
    part: { stage: null, layers, auxiliary: null },
    parameters,
    state: () => joinedState(context, run, parameters),
    checkpoint: await readCheckpoint(context),
    steps: replicaRange(run.rounds, round ?? 0, replica ?? 0),
    objective: classificationObjective(spec.label_smoothing),
    spool: null,
    stopwatch,
  });
  const outputs =
    round === run.rounds.warmStartRounds - 1
      ? await stopwatch.timeAsync('hand_over', () => handOver(context, run, state))
      : { state: await stopwatch.timeAsync('checkpoint', () => storeState(context, parameters, state)) };
  return { outputs, seconds: stopwatch.seconds, artifacts: [], result: {} };
}

async function storeState(
  context: TaskContext,
  parameters: readonly ParameterSpec[],
  state: OptimizerState,
): Promise<TaskOutput> {
  const stored = await context.blobs.put(encodeState(parameters, state));
  // Replicas go on from their mean.
  if (context.assignment.replica === null) context.carried?.keep(stored.uri, state);
  return stored;
}

/** The network's state so far: of the last end-to-end round, the mean of its replicas, else of the stages joined, else the start. */
export async function joinedState(
  context: TaskContext,
  run: RunDescription,
  parameters: readonly ParameterSpec[],
): Promise<OptimizerState> {
  const { inputs } = context.assignment;
  if (inputs.state) return await readState(context, 'state');
  const replicas = Object.keys(inputs).filter((name) => name.startsWith(REPLICA_INPUT));
  if (replicas.length > 0) {
    // All replicas of a round must begin with the same bits: in the order of their numbers, however the inputs lie.
    const ordered = replicas.map((_, index) => `${REPLICA_INPUT}${index}`);
    return meanState(await Promise.all(ordered.map((name) => readState(context, name))));
  }
  const trained = run.stages.filter(({ index }) => inputs[`state-${index}`]);
  const states = await Promise.all(trained.map(({ index }) => readState(context, `state-${index}`)));
  // Stages that had no task are as they started.
  return mergeStates([await initialState(context, parameters), ...states]);
}
