import type { TaskOutput } from '../../../contract/trainer-protocol.js';
import type { ParameterSpec, StageDescription } from '../../../network/index.js';
import { encodeWeights, stateTensors, writeSafetensors } from '../../checkpoint/index.js';
import type { ReadableState } from '../../optimizer/index.js';
import type { TaskContext } from '../context.js';
import { auxiliaryParameters, stageParameters } from '../inputs/stage-parameters.js';
import { storeWritten } from './written-blob.js';

export const storeState = (
  context: TaskContext,
  parameters: readonly ParameterSpec[],
  state: ReadableState,
): Promise<TaskOutput> =>
  storeWritten(context, 'state', (path) => writeSafetensors(path, stateTensors(parameters, state)));

/** The weights of the stage's AuxNet, which a neighbor reads; null where it has none. */
export async function storeAuxiliary(
  { blobs }: TaskContext,
  stage: StageDescription,
  { weights }: ReadableState,
): Promise<TaskOutput | null> {
  return stage.auxiliary && blobs.put(encodeWeights(auxiliaryParameters(stage), weights));
}

/** `state-k`, and `auxiliary-k` if the stage has an AuxNet. */
export async function storeStage(
  context: TaskContext,
  stage: StageDescription,
  state: ReadableState,
): Promise<Record<string, TaskOutput>> {
  const kept = await storeState(context, stageParameters(stage), state);
  const auxiliary = await storeAuxiliary(context, stage, state);
  return {
    [`state-${stage.index}`]: kept,
    ...(auxiliary && { [`auxiliary-${stage.index}`]: auxiliary }),
  };
}
