import type { TaskOutput } from '../../../contract/trainer-protocol.js';
import type { StageDescription } from '../../../network/index.js';
import { mergeStates } from '../../checkpoint/index.js';
import type { OptimizerState } from '../../optimizer/index.js';
import { allEnded } from '../all-ended.js';
import type { TaskContext } from '../context.js';
import { withChannelsOfRound } from '../inputs/channels.js';
import { refined } from '../inputs/refined.js';
import { runOfSteps } from '../inputs/run.js';
import { stageParameters } from '../inputs/stage-parameters.js';
import { hasInput, initialState, readState } from '../inputs/states.js';
import { storeStage } from './store-stage.js';

/** The states of stages as one, refined where this round is of a later level. */
export async function statesBefore(
  context: TaskContext,
  stages: readonly StageDescription[],
): Promise<OptimizerState> {
  const run = runOfSteps(context);
  const before = async (stage: StageDescription): Promise<OptimizerState> => {
    const parameters = stageParameters(stage);
    if (!hasInput(context, `state-${stage.index}`)) return await initialState(context, parameters);
    const state = withChannelsOfRound(context, stage, await readState(context, `state-${stage.index}`));
    return refined(context, run, parameters, state);
  };
  return mergeStates(await allEnded(stages.map(before)));
}

/** The outputs of stages: `state-k`, and `auxiliary-k` where the stage has an AuxNet. */
export async function storeStages(
  context: TaskContext,
  stages: readonly StageDescription[],
  state: OptimizerState,
): Promise<Record<string, TaskOutput>> {
  const outputs: Record<string, TaskOutput> = {};
  for (const stage of stages) Object.assign(outputs, await storeStage(context, stage, state));
  return outputs;
}
