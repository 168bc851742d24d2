import type { Layer, ResidualLayer } from '../../../network/index.js';
import * as kernels from '../../kernels/index.js';
import { free, type Tensor } from '../../runtime/index.js';
import { rectified } from '../pass.js';
import type { InferenceRun, LayerPass, PassOperation, TrainingRun } from './operation.js';

/** @param readsOutput of the last layer of a path: a path whose output no gradient reads is freed after the sum */
export function residualOperation(readsOutput: (layer: Layer) => boolean): PassOperation<ResidualLayer> {
  return {
    train: (layer, input, run) => train(layer, input, run, readsOutput),
    infer,
    readsOutput: ({ relu }) => relu,
    float32: false,
  };
}

function train(
  layer: ResidualLayer,
  features: Tensor,
  { path }: TrainingRun,
  readsOutput: (layer: Layer) => boolean,
): LayerPass {
  const branch = path(layer.branch, features);
  const shortcut = path(layer.shortcut, features);
  const sum = kernels.add(branch.output, shortcut.output);
  const made = layer.relu ? kernels.relu(sum) : sum;
  if (layer.relu) free(sum);
  const freeUnread = (layers: readonly Layer[], unread: Tensor) => {
    const last = layers.at(-1);
    if (last && !readsOutput(last)) free(unread);
  };
  freeUnread(layer.branch, branch.output);
  freeUnread(layer.shortcut, shortcut.output);
  return {
    output: made,
    pullback: (cotangent, { input, output }) => {
      const inner = layer.relu ? kernels.reluGradient(cotangent, output) : cotangent;
      const throughBranch = branch.pullback(inner, input)!;
      const throughShortcut = shortcut.pullback(inner, input)!;
      const gradient = kernels.add(throughBranch, throughShortcut);
      free(throughBranch);
      if (inner !== cotangent) free(inner);
      if (throughShortcut !== cotangent) free(throughShortcut);
      return gradient;
    },
  };
}

function infer(layer: ResidualLayer, input: Tensor, { path }: InferenceRun): Tensor {
  const branch = path(layer.branch, input);
  const shortcut = path(layer.shortcut, input);
  const sum = kernels.add(branch, shortcut);
  free(branch);
  if (shortcut !== input) free(shortcut);
  return layer.relu ? rectified(sum) : sum;
}
