import { type Layer, splitFrozen } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { DType, free, type Tensor } from '../runtime/index.js';
import { frozenNormRule, inferPass } from './infer-pass.js';
import { passOperationOf } from './operations/index.js';
import type { Pass, TrainingContext } from './pass.js';
import { segmentedPass } from './segmented-pass.js';

/**
 * Runs `layers` in training mode (batch statistics), in the precision of the context, so that the result can be
 * pulled back. Input, output and both cotangents are float32. Frozen layers at the start run without gradients, in
 * float32, and keep nothing but their output.
 * @param input [B,...]; the caller owns it
 * @param wantsInputGradient false skips the gradient of the input, which images do not need
 */
export function trainPass(
  layers: readonly Layer[],
  input: Tensor,
  context: TrainingContext,
  wantsInputGradient: boolean,
): Pass {
  const { frozen, trained } = splitFrozen(layers);
  if (frozen.length === 0) return trainedPass(layers, input, context, wantsInputGradient);
  if (wantsInputGradient)
    throw new Error('frozen layers are at the input of the network, which needs no gradient');
  const features = inferPass(frozen, input, context.weights, frozenNormRule(context.weights));
  const pass = trainedPass(trained, features, context, false);
  return {
    output: pass.output,
    pullback: (cotangent) => {
      // A residual layer has one even where it is not wanted.
      const unread = pass.pullback(cotangent);
      free(features, ...(unread ? [unread] : []));
      return null;
    },
  };
}

function trainedPass(
  layers: readonly Layer[],
  input: Tensor,
  context: TrainingContext,
  wantsInputGradient: boolean,
): Pass {
  if (context.precision === 'bfloat16') return mixedPass(layers, input, context, wantsInputGradient);
  const { output, pullback } = segmentedPass(layers, input, context, wantsInputGradient);
  return { output, pullback: (cotangent) => pullback(cotangent, input) };
}

/**
 * Everything before the head runs in bfloat16, with half the memory: convolutions round their inputs, and the
 * layers between them keep the dtype. Pooling and the dense layer, a thousandth of the work, stay in float32 to
 * keep the last digits of the logits. Kernels use the dtype of their input, so the passes of the layers are the
 * same.
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
  const body = segmentedPass(layers.slice(0, bodyEnd), low, context, wantsInputGradient);
  const features = kernels.cast(body.output, DType.float32);
  const head = segmentedPass(layers.slice(bodyEnd), features, context, true);
  return {
    output: head.output,
    pullback: (cotangent) => {
      const atFeatures = head.pullback(cotangent, features)!;
      const rounded = kernels.cast(atFeatures, DType.bfloat16);
      const gradient = body.pullback(rounded, low);
      const result = gradient && kernels.cast(gradient, DType.float32);
      free(low, features, rounded);
      if (atFeatures !== cotangent) free(atFeatures);
      if (gradient && gradient !== rounded) free(gradient);
      return result;
    },
  };
}
