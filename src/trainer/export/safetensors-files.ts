import { encodeSafetensors, type StoredTensor } from '../checkpoint/index.js';
import { NORM_EPSILON } from '../kernels/index.js';
import { flattenInference, type InferenceLayer, type InferenceModel } from './inference-layers.js';
import { outputsFirst, type Padding, transposed } from './kernel-layout.js';

/** A network as PyTorch names it and lays it out, and the layers as data. */
export interface SafetensorsFiles {
  /** The bytes of `model.safetensors`. */
  readonly weights: Uint8Array;
  /** The bytes of `config.json`. */
  readonly config: Uint8Array;
}

export function safetensorsFiles(model: InferenceModel): SafetensorsFiles {
  return {
    weights: encodeSafetensors(tensorsOf(model), { format: 'pt' }),
    config: new TextEncoder().encode(`${JSON.stringify(configOf(model), null, 2)}\n`),
  };
}

/** `<layer>.weight`, `.bias`, `.running_mean`, `.running_var`; convolutions [O,C,size,size], dense [outputs,inputs]. */
function tensorsOf({ layers }: InferenceModel): Map<string, StoredTensor> {
  return new Map(
    flattenInference(layers).flatMap((layer) =>
      Object.entries(tensorsOfLayer(layer)).map(
        ([part, tensor]) => [`${torchName(layer)}.${part}`, tensor] as const,
      ),
    ),
  );
}

function tensorsOfLayer(layer: InferenceLayer): Record<string, StoredTensor> {
  switch (layer.op) {
    case 'conv': {
      const { size, inputs, outputs, kernel, bias } = layer;
      const shape = [outputs, inputs, size, size];
      const weight = { shape, values: outputsFirst(kernel, layer) };
      return bias ? { weight, bias: vector(bias) } : { weight };
    }
    case 'norm':
      return {
        weight: vector(layer.gamma),
        bias: vector(layer.beta),
        running_mean: vector(layer.mean),
        running_var: vector(layer.variance),
      };
    case 'scale':
      return { weight: vector(layer.factor), bias: vector(layer.shift) };
    case 'dense': {
      const { inputs, outputs, kernel, bias } = layer;
      const weight = { shape: [outputs, inputs], values: transposed(kernel, inputs, outputs) };
      return { weight, bias: vector(bias) };
    }
    default:
      return {};
  }
}

const vector = (values: Float32Array): StoredTensor => ({ shape: [values.length], values });

function configOf({ layers, manifest }: InferenceModel) {
  return {
    format: 'strata-network',
    version: 1,
    classes: manifest.classes,
    image: manifest.image,
    mean: manifest.mean,
    standard_deviation: manifest.standard_deviation,
    norm_epsilon: NORM_EPSILON,
    layers: layers.map(describeLayer),
  };
}

/** A layer with what a reader must know to run it. */
function describeLayer(layer: InferenceLayer): Record<string, unknown> {
  const { op } = layer;
  const name = torchName(layer);
  switch (layer.op) {
    case 'conv': {
      const { size, stride, relu } = layer;
      return { op, name, size, stride, padding: torchPadding(layer.padding), ...(relu && { relu }) };
    }
    case 'max-pool':
      return { op, name, size: layer.size, stride: layer.stride, padding: torchPadding(layer.padding) };
    case 'norm':
    case 'scale':
      return { op, name, relu: layer.relu };
    case 'residual': {
      const [branch, shortcut] = [layer.branch, layer.shortcut].map((path) => path.map(describeLayer));
      return { op, branch, shortcut, relu: layer.relu };
    }
    default:
      return { op, name };
  }
}

/** In the order of torch.nn.functional.pad. */
const torchPadding = ({ left, right, top, bottom }: Padding) => [left, right, top, bottom];

const torchName = ({ name }: InferenceLayer): string => name.replaceAll('/', '.');
