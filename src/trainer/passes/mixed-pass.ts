import type { Layer } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { DType, free, type Tensor } from '../runtime/index.js';
import { passOperationOf } from './operations/index.js';
import type { Pass, TrainingContext } from './pass.js';
import { layersPass } from './train-pass.js';

/**
 * Runs `layers` in training mode (batch statistics) so that the result can be pulled back, in the precision of the
 * context. Input, output and both cotangents are float32.
 * @param input [B,...]; stays its caller's
 * @param wantsInputGradient false spares the gradient of the first layer's input: images need none
 */
export function trainPass(
  layers: readonly Layer[],
  input: Tensor,
  context: TrainingContext,
  wantsInputGradient: boolean,
): Pass {
  return context.precision === 'bfloat16'
    ? mixedPass(layers, input, context, wantsInputGradient)
    : layersPass(layers, input, context, wantsInputGradient);
}

/**
 * Everything up to the head in bfloat16: convolutions round their inputs so, and what lies between them stays as
 * they made it, at half the memory. Pooling and the dense layer, a thousandth of the work, keep the logits' last digits.
 * Kernels take the dtype of their input, so the layers' passes are the same.
 */
function mixedPass(
  layers: readonly Layer[],
  input: Tensor,
  context: TrainingContext,
  wantsInputGradient: boolean,
): Pass {
  const headStart = layers.findIndex((layer) => passOperationOf(layer).float32);
  const bodyEnd = headStart < 0 ? layers.length : headStart;
  const low = kernels.cast(input, DType.bfloat16);
  const body = layersPass(layers.slice(0, bodyEnd), low, context, wantsInputGradient);
  const features = kernels.cast(body.output, DType.float32);
  const head = layersPass(layers.slice(bodyEnd), features, context, true);
  return {
    output: head.output,
    pullback: (cotangent) => {
      const atFeatures = head.pullback(cotangent)!;
      const rounded = kernels.cast(atFeatures, DType.bfloat16);
      const gradient = body.pullback(rounded);
      const result = gradient && kernels.cast(gradient, DType.float32);
      free(low, features, rounded);
      if (atFeatures !== cotangent) free(atFeatures);
      if (gradient && gradient !== rounded) free(gradient);
      return result;
    },
  };
}
