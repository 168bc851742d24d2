import { DEFAULT_MEMORY } from '../../method/index.js';
import type { Layer } from '../../network/index.js';
import { free, type Tensor } from '../runtime/index.js';
import { KEEPERS, type Kept } from './keepers/index.js';
import { type InnerPass, type LayerPass, passOperationOf } from './operations/index.js';
import type { TrainingContext } from './pass.js';

/**
 * Runs `layers` in training mode (batch statistics), in the dtype of `input`, so that the result can be pulled
 * back. Features between layers are kept as the memory policy of the context says.
 * @param input [B,...]; the caller owns it
 * @param wantsInputGradient false skips the gradient of the input, which images do not need
 */
export function layersPass(
  layers: readonly Layer[],
  input: Tensor,
  context: TrainingContext,
  wantsInputGradient: boolean,
): InnerPass {
  const path = (inner: readonly Layer[], from: Tensor, own = context) => layersPass(inner, from, own, true);
  const passes: { readonly layer: Layer; readonly pass: LayerPass }[] = [];
  const kept: Kept[] = [];
  let output = input;
  layers.forEach((layer, index) => {
    const run = { context, wantsInputGradient: wantsInputGradient || index > 0, path };
    const pass = passOperationOf(layer).train(layer, output, run);
    // Nothing reads it any more before the backward pass.
    if (index > 0) kept.push(keep(layers[index - 1]!, output, context));
    passes.push({ layer, pass });
    output = pass.output;
  });
  return {
    output,
    pullback: (cotangent, from) => pullThrough({ passes, kept, input: from, output }, cotangent),
  };
}

function keep(layer: Layer, features: Tensor, { memory }: TrainingContext): Kept {
  // Vectors behind the pooling are a thousandth of the features.
  const isMap = features.shape.length === 4;
  const keeper = KEEPERS[(isMap && memory?.policy) || DEFAULT_MEMORY];
  return keeper.keep(features, { rectified: 'relu' in layer && layer.relu });
}

interface Forwarded {
  readonly passes: readonly { readonly layer: Layer; readonly pass: LayerPass }[];
  /** Outputs of all layers but the last. */
  readonly kept: readonly Kept[];
  readonly input: Tensor;
  readonly output: Tensor;
}

function pullThrough({ passes, kept, input, output: last }: Forwarded, cotangent: Tensor): Tensor | null {
  let current: Tensor | null = cotangent;
  let output = last;
  for (const [index, { layer, pass }] of [...passes.entries()].toReversed()) {
    if (!passOperationOf(layer).readsOutput(layer)) free(output);
    const before = kept[index - 1]?.restore() ?? input;
    const next = pass.pullback(current!, { input: before, output });
    free(output);
    if (current !== cotangent) free(current!);
    current = next;
    output = before;
  }
  return current;
}
