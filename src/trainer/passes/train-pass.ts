import type { Layer } from '../../network/index.js';
import { free, type Tensor } from '../runtime/index.js';
import { passOperationOf } from './operations/index.js';
import type { Pass, TrainingContext } from './pass.js';

/**
 * Runs `layers` in training mode (batch statistics), in the dtype of `input`, so that the result can be pulled
 * back.
 * @param input [B,...]; the caller owns it
 * @param wantsInputGradient false skips the gradient of the input, which images do not need
 */
export function layersPass(
  layers: readonly Layer[],
  input: Tensor,
  context: TrainingContext,
  wantsInputGradient: boolean,
): Pass {
  const path = (inner: readonly Layer[], from: Tensor) => layersPass(inner, from, context, true);
  const passes: Pass[] = [];
  let output = input;
  layers.forEach((layer, index) => {
    const run = { context, wantsInputGradient: wantsInputGradient || index > 0, path };
    const pass = passOperationOf(layer).train(layer, output, run);
    passes.push(pass);
    output = pass.output;
  });
  return { output, pullback: (cotangent) => pullThrough(passes, cotangent) };
}

function pullThrough(passes: readonly Pass[], cotangent: Tensor): Tensor | null {
  let current: Tensor | null = cotangent;
  for (const pass of passes.toReversed()) {
    const next = pass.pullback(current!);
    if (current !== cotangent) free(current!);
    current = next;
  }
  return current;
}
