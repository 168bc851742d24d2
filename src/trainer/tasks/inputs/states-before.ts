import type { RunDescription } from '../../../method/index.js';
import type { ParameterSpec, StageDescription } from '../../../network/index.js';
import { mergeStates } from '../../checkpoint/index.js';
import { type NamedValues, type ReadableState, readNamed } from '../../optimizer/index.js';
import { allEnded } from '../all-ended.js';
import type { TaskContext } from '../context.js';
import { withChannelsOfRound } from './channels.js';
import { refined } from './refined.js';
import { runOfSteps } from './run.js';
import { stageParameters } from './stage-parameters.js';
import { completed, hasInput, initialState, readState } from './states.js';

// States with which tasks begin, from those in which the tasks before them ended. Where a round trains another network than the
// one before, its state is changed here, and nowhere else.

/**
 * The state with which a round of a stage begins: that of the previous round or of a warm start, with the blocks and the hidden
 * channels of this round; otherwise the initial state.
 */
export async function stageState(
  context: TaskContext,
  stage: StageDescription,
  input = 'state',
): Promise<ReadableState> {
  const parameters = stageParameters(stage);
  if (!hasInput(context, input)) return initialState(context, parameters);
  const state = withChannelsOfRound(context, stage, await readState(context, input));
  return refined(context, runOfSteps(context), parameters, state);
}

/**
 * The current state of the network: of the last end-to-end round (its replicas joined), otherwise of the
 * joined stages, otherwise the initial state.
 */
export async function joinedState(
  context: TaskContext,
  run: RunDescription,
  parameters: readonly ParameterSpec[],
): Promise<ReadableState> {
  if (hasInput(context, 'state')) {
    const { method } = context.assignment.spec;
    return refined(context, run, parameters, await readState(context, 'state', method));
  }
  // In order: a state may hold copies of later stages, whose own states replace them.
  const trained = run.stages.filter(({ index }) => hasInput(context, `state-${index}`));
  const states = await allEnded(trained.map(({ index }) => readState(context, `state-${index}`)));
  return completed(context, parameters, refined(context, run, parameters, mergeStates(states)));
}

/** The weights of that state. */
export async function joinedWeights(
  context: TaskContext,
  run: RunDescription,
  parameters: readonly ParameterSpec[],
): Promise<NamedValues> {
  return readNamed((await joinedState(context, run, parameters)).weights);
}
