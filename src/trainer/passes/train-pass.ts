import type { ConvLayer, DenseLayer, Layer, NormLayer, ResidualLayer } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { type DType, free, type Tensor } from '../runtime/index.js';
import { dropoutPass } from './dropout-pass.js';
import { type Pass, parameter, type TrainingContext } from './pass.js';
import { maxPoolPass, poolPass } from './pooling-passes.js';

/**
 * Runs `layers` in training mode (batch statistics), in the dtype of `input`, so that the result can be pulled back.
 * @param input [B,...]; stays its caller's
 * @param wantsInputGradient false spares the gradient of the first layer's input: images need none
 */
export function layersPass(
  layers: readonly Layer[],
  input: Tensor,
  context: TrainingContext,
  wantsInputGradient: boolean,
): Pass {
  const passes: Pass[] = [];
  let output = input;
  layers.forEach((layer, index) => {
    const pass = layerPass(layer, output, context, wantsInputGradient || index > 0);
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

function layerPass(layer: Layer, input: Tensor, context: TrainingContext, wantsInputGradient: boolean): Pass {
  switch (layer.op) {
    case 'conv':
      return convPass(layer, input, context, wantsInputGradient);
    case 'norm':
      return normPass(layer, input, context);
    case 'residual':
      return residualPass(layer, input, context);
    case 'max-pool':
      return maxPoolPass(layer, input);
    case 'dropout':
      return dropoutPass(layer, input, context);
    case 'pool':
      return poolPass(input);
    case 'dense':
      return densePass(layer, input, context);
  }
}

function convPass(
  layer: ConvLayer,
  input: Tensor,
  context: TrainingContext,
  wantsInputGradient: boolean,
): Pass {
  const name = `${layer.name}/kernel`;
  const weights = parameter(context.weights, name);
  const kernel = inDtypeOf(weights, input);
  const output = kernels.convolution(input, kernel, layer.stride);
  return {
    output,
    pullback: (cotangent) => {
      const gradient = kernels.convolutionKernelGradient(input, kernel.shape, cotangent, layer.stride);
      context.gradients.set(name, inDtypeOf(gradient, weights));
      const inputGradient = wantsInputGradient
        ? kernels.convolutionInputGradient(input.shape, kernel, cotangent, layer.stride)
        : null;
      free(output);
      if (kernel !== weights) free(kernel, gradient);
      return inputGradient;
    },
  };
}

/** `tensor` itself where it has that dtype already. */
function inDtypeOf(tensor: Tensor, { dtype }: Tensor): Tensor {
  return tensor.dtype === dtype ? tensor : kernels.cast(tensor, dtype as DType);
}

function normPass(layer: NormLayer, input: Tensor, context: TrainingContext): Pass {
  const gamma = parameter(context.weights, `${layer.name}/gamma`);
  const beta = parameter(context.weights, `${layer.name}/beta`);
  const norm = kernels.batchNormRelu(input, gamma, beta, layer.relu);
  free(norm.batchMean, norm.batchVariance);
  const { output } = norm;
  return {
    output,
    pullback: (cotangent) => {
      const inner = layer.relu ? kernels.reluGradient(cotangent, output) : cotangent;
      const gradient = kernels.batchNormGradient(inner, input, gamma, norm.reserved);
      context.gradients.set(`${layer.name}/gamma`, gradient.gamma);
      context.gradients.set(`${layer.name}/beta`, gradient.beta);
      if (layer.relu) free(inner);
      free(output, ...norm.reserved);
      return gradient.features;
    },
  };
}

function residualPass(layer: ResidualLayer, input: Tensor, context: TrainingContext): Pass {
  const branch = layersPass(layer.branch, input, context, true);
  const shortcut = layersPass(layer.shortcut, input, context, true);
  const sum = kernels.add(branch.output, shortcut.output);
  const output = layer.relu ? kernels.relu(sum) : sum;
  if (layer.relu) free(sum);
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

/** No gradient reads the output of a last layer without ReLU: it need not outlive the sum. */
function freeUnread(layers: readonly Layer[], output: Tensor): void {
  const last = layers.at(-1);
  if (last?.op === 'conv' || (last?.op === 'norm' && !last.relu)) free(output);
}

function densePass(layer: DenseLayer, input: Tensor, context: TrainingContext): Pass {
  const kernel = parameter(context.weights, `${layer.name}/kernel`);
  const product = kernels.matMul(input, kernel);
  const output = kernels.biasAdd(product, parameter(context.weights, `${layer.name}/bias`));
  free(product);
  return {
    output,
    pullback: (cotangent) => {
      context.gradients.set(`${layer.name}/kernel`, kernels.matMul(input, cotangent, true, false));
      context.gradients.set(`${layer.name}/bias`, kernels.biasGradient(cotangent));
      free(output);
      return kernels.matMul(cotangent, kernel, false, true);
    },
  };
}
