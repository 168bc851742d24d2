import type { Layer, ResidualLayer } from '../../../network/index.js';
import * as kernels from '../../kernels/index.js';
import { free, type Tensor } from '../../runtime/index.js';
import { type Pass, rectified } from '../pass.js';
import type { InferenceRun, PassOperation, TrainingRun } from './operation.js';

/** @param readsOutput of the last layer of a path: a path whose output no gradient reads is freed after the sum */
export function residualOperation(readsOutput: (layer: Layer) => boolean): PassOperation<ResidualLayer> {
  return {
    train: (layer, input, run) => train(layer, input, run, readsOutput),
    infer,
    readsOutput: () => true,
    float32: false,
  };
}

function train(
  layer: ResidualLayer,
  input: Tensor,
  { path }: TrainingRun,
  readsOutput: (layer: Layer) => boolean,
): Pass {
  const branch = path(layer.branch, input);
  const shortcut = path(layer.shortcut, input);
  const sum = kernels.add(branch.output, shortcut.output);
  const output = layer.relu ? kernels.relu(sum) : sum;
  if (layer.relu) free(sum);
  const freeUnread = (layers: readonly Layer[], unread: Tensor) => {
    const last = layers.at(-1);
    if (last && !readsOutput(last)) free(unread);
  };
  freeUnread(layer.branch, branch.output);
  freeUnread(layer.shortcut, shortcut.output);
  return {
    output,
    pullback: (cotangent) => {
      const inner = layer.relu ? kernels.reluGradient(cotangent, output) : cotangent;
      const throughBranch = branch.pullback(inner)!;
      const throughShortcut = shortcut.pullback(inner)!;
      const gradient = kernels.add(throughBranch, throughShortcut);
      free(output, throughBranch);
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
