import type { TaskOutput } from '../../../contract/trainer-protocol.js';
import type { StageDescription } from '../../../network/index.js';
import { mergeStates } from '../../checkpoint/index.js';
import type { ReadableState } from '../../optimizer/index.js';
import { allEnded } from '../all-ended.js';
import type { TaskContext } from '../context.js';
import { stageState } from '../inputs/states-before.js';
import { storeStage } from './store-stage.js';

/** The states with which a round of stages begins, as one. */
export async function statesBefore(
  context: TaskContext,
  stages: readonly StageDescription[],
): Promise<ReadableState> {
  const before = (stage: StageDescription) => stageState(context, stage, `state-${stage.index}`);
  return mergeStates(await allEnded(stages.map(before)));
}

/** The outputs of stages: `state-k`, and `auxiliary-k` where the stage has an AuxNet. */
export async function storeStages(
  context: TaskContext,
  stages: readonly StageDescription[],
  state: ReadableState,
): Promise<Record<string, TaskOutput>> {
  const outputs: Record<string, TaskOutput> = {};
  for (const stage of stages) Object.assign(outputs, await storeStage(context, stage, state));
  return outputs;
}
