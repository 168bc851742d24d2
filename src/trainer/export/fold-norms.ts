import type {
  InferenceConv,
  InferenceIntegral,
  InferenceLayer,
  InferenceModel,
  InferenceNorm,
} from './inference-layers.js';

/**
 * The same network without batch norms. A batch norm directly after a convolution is merged into its kernel and
 * bias. Any other (a pre-activation block starts with one) becomes a factor and a shift per channel. Computed in
 * float64 and rounded once.
 */
export function foldNorms({ manifest, layers }: InferenceModel): InferenceModel {
  return { manifest, layers: foldAll(layers) };
}

function foldAll(layers: readonly InferenceLayer[]): InferenceLayer[] {
  const folded: InferenceLayer[] = [];
  for (const layer of layers) {
    const before = folded.at(-1);
    if (layer.op !== 'norm') folded.push(foldInside(layer));
    else if (before?.op === 'conv' && !before.relu) folded.splice(-1, 1, foldInto(before, layer));
    else folded.push(asScale(layer));
  }
  return folded;
}

function foldInside(layer: InferenceLayer): InferenceLayer {
  if (layer.op === 'integral') return foldSteps(layer);
  if (layer.op !== 'residual') return layer;
  return { ...layer, branch: foldAll(layer.branch), shortcut: foldAll(layer.shortcut) };
}

/** Each evaluation then has a kernel of its own, since its batch norms have statistics of their own. */
function foldSteps(layer: InferenceIntegral): InferenceIntegral {
  const steps = layer.steps.map(({ slopes, weights }) => ({
    slopes: slopes.map(({ before, layers }) => ({ before, layers: foldAll(layers) })),
    weights,
  }));
  return { ...layer, steps };
}

function foldInto({ weights: _, ...conv }: InferenceConv, norm: InferenceNorm): InferenceConv {
  const { factor, shift } = affine(norm);
  return {
    ...conv,
    kernel: conv.kernel.map((weight, index) => weight * factor[index % conv.outputs]!),
    bias: Float32Array.from(
      shift,
      (value, channel) => value + (conv.bias?.[channel] ?? 0) * factor[channel]!,
    ),
    relu: norm.relu,
  };
}

function asScale(norm: InferenceNorm): InferenceLayer {
  const { factor, shift } = affine(norm);
  const { name, relu } = norm;
  return { op: 'scale', name, factor: Float32Array.from(factor), shift: Float32Array.from(shift), relu };
}

/** The norm as factor x + shift, in float64. */
function affine({ gamma, beta, mean, variance, epsilon }: InferenceNorm) {
  const factor = Float64Array.from(
    gamma,
    (scale, channel) => scale / Math.sqrt(variance[channel]! + epsilon),
  );
  return { factor, shift: Float64Array.from(beta, (value, i) => value - mean[i]! * factor[i]!) };
}
