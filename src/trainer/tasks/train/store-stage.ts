import type { TaskOutput } from '../../../contract/trainer-protocol.js';
import type { StageDescription } from '../../../network/index.js';
import { encodeState, encodeWeights } from '../../checkpoint/index.js';
import type { OptimizerState } from '../../optimizer/index.js';
import type { TaskContext } from '../context.js';
import { auxiliaryParameters, stageParameters } from '../inputs/stage-parameters.js';

/** `state-k`, and `auxiliary-k` if the stage has an AuxNet. */
export async function storeStage(
  { blobs }: TaskContext,
  stage: StageDescription,
  state: OptimizerState,
): Promise<Record<string, TaskOutput>> {
  const outputs = { [`state-${stage.index}`]: await blobs.put(encodeState(stageParameters(stage), state)) };
  if (!stage.auxiliary) return outputs;
  const weights = encodeWeights(auxiliaryParameters(stage), state.weights);
  return { ...outputs, [`auxiliary-${stage.index}`]: await blobs.put(weights) };
}
