import type { ManifestFacts } from '../../contract/dataset-manifest.js';
import type { DenseLayer, Layer, MaxPoolLayer, NormLayer } from '../../network/index.js';
import { NORM_EPSILON } from '../kernels/index.js';
import { tf } from '../runtime/index.js';
import type { ModelSource } from './model-source.js';

type Symbolic = ReturnType<typeof tf.input>;
type LayersModel = ReturnType<typeof tf.model>;

export type { LayersModel };

/**
 * Builds the same network as a TensorFlow.js layers model: pixels 0..255 [B,H,W,C] -> class probabilities
 * [B,classes]. The dataset's normalisation is its first layer, so a user feeds it images as they are. The caller
 * disposes of the model.
 */
export function buildLayersModel(source: ModelSource): LayersModel {
  const { height, width, channels } = source.manifest.image;
  const input = tf.input({ shape: [height, width, channels], name: 'pixels' });
  const weights: Weighted[] = [];
  const normalized = normalizePixels(source.manifest, input, weights);
  const logits = applyAll(source.layers, normalized, source, weights);
  const output = tf.layers.softmax({ name: 'probabilities' }).apply(logits) as Symbolic;
  // A name of tfjs's own would count the models that this process has made before.
  const model = tf.model({ inputs: input, outputs: output, name: 'network' });
  for (const { layer, values } of weights) setWeights(layer, values);
  return model;
}

/** What is common to tfjs's layer classes here. */
type TfLayer = Pick<ReturnType<typeof tf.layers.dense>, 'weights' | 'setWeights'>;

interface Weighted {
  readonly layer: TfLayer;
  /** In the order the tfjs layer keeps them. */
  readonly values: readonly Float32Array[];
}

function applyAll(
  layers: readonly Layer[],
  input: Symbolic,
  source: ModelSource,
  weights: Weighted[],
): Symbolic {
  return layers.reduce((current, layer) => applyLayer(layer, current, source, weights), input);
}

function applyLayer(layer: Layer, input: Symbolic, source: ModelSource, weights: Weighted[]): Symbolic {
  const value = (name: string) => source.values.get(`${layer.name}/${name}`)!;
  switch (layer.op) {
    case 'conv': {
      const conv = tf.layers.conv2d({
        name: tfName(layer.name),
        filters: layer.output.channels,
        kernelSize: layer.size,
        strides: layer.stride,
        padding: 'same',
        useBias: false,
      });
      weights.push({ layer: conv, values: [value('kernel')] });
      return conv.apply(input) as Symbolic;
    }
    case 'norm':
      return applyNorm(layer, input, source, weights);
    case 'residual': {
      const branch = applyAll(layer.branch, input, source, weights);
      const shortcut = applyAll(layer.shortcut, input, source, weights);
      const sum = tf.layers.add({ name: tfName(`${layer.name}/add`) }).apply([branch, shortcut]) as Symbolic;
      return layer.relu ? applyRelu(`${layer.name}/relu`, sum) : sum;
    }
    case 'max-pool':
      return applyMaxPool(layer, input);
    // Dropout leaves everything alone outside training.
    case 'dropout':
      return input;
    case 'pool':
      return tf.layers
        .globalAveragePooling2d({ name: tfName(layer.name), dataFormat: 'channelsLast' })
        .apply(input) as Symbolic;
    case 'dense':
      return applyDense(layer, input, [value('kernel'), value('bias')], weights);
  }
}

function applyNorm(layer: NormLayer, input: Symbolic, source: ModelSource, weights: Weighted[]): Symbolic {
  const { mean, variance } = source.statistics.get(layer.name)!;
  const gamma = source.values.get(`${layer.name}/gamma`)!;
  const beta = source.values.get(`${layer.name}/beta`)!;
  const norm = tf.layers.batchNormalization({ name: tfName(layer.name), epsilon: NORM_EPSILON });
  weights.push({ layer: norm, values: [gamma, beta, mean, variance] });
  const output = norm.apply(input) as Symbolic;
  return layer.relu ? applyRelu(`${layer.name}/relu`, output) : output;
}

function applyMaxPool(layer: MaxPoolLayer, input: Symbolic): Symbolic {
  const { name, size: poolSize, stride: strides } = layer;
  const config = {
    name: tfName(name),
    poolSize,
    strides,
    padding: 'same',
    dataFormat: 'channelsLast',
  } as const;
  return tf.layers.maxPooling2d(config).apply(input) as Symbolic;
}

function applyDense(
  layer: DenseLayer,
  input: Symbolic,
  values: readonly Float32Array[],
  weights: Weighted[],
): Symbolic {
  const dense = tf.layers.dense({ name: tfName(layer.name), units: layer.outputs });
  weights.push({ layer: dense, values });
  return dense.apply(input) as Symbolic;
}

/** (pixel - mean) / deviation, written as a batch norm because that takes one value per channel. */
function normalizePixels(manifest: ManifestFacts, input: Symbolic, weights: Weighted[]): Symbolic {
  const { mean, standard_deviation: deviation } = manifest;
  const norm = tf.layers.batchNormalization({
    name: 'normalize',
    epsilon: NORM_EPSILON,
    scale: false,
    center: false,
    trainable: false,
  });
  const variance = deviation.map((value) => value * value - NORM_EPSILON);
  weights.push({ layer: norm, values: [Float32Array.from(mean), Float32Array.from(variance)] });
  return norm.apply(input) as Symbolic;
}

function applyRelu(name: string, input: Symbolic): Symbolic {
  return tf.layers.reLU({ name: tfName(name) }).apply(input) as Symbolic;
}

function setWeights(layer: TfLayer, values: readonly Float32Array[]): void {
  const tensors = layer.weights.map((weight, index) => tf.tensor(values[index]!, weight.shape as number[]));
  layer.setWeights(tensors);
  tf.dispose(tensors);
}

/** tfjs builds paths from layer names: a slash would read as a scope. */
function tfName(name: string): string {
  return name.replaceAll('/', '_');
}
