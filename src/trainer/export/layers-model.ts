import { tf } from '../runtime/index.js';
import type {
  InferenceConv,
  InferenceLayer,
  InferenceModel,
  InferenceNorm,
  InferenceScale,
} from './inference-layers.js';

type Symbolic = ReturnType<typeof tf.input>;
type LayersModel = ReturnType<typeof tf.model>;

export type { LayersModel };

/**
 * Builds the same network as a TensorFlow.js layers model: pixels 0..255 [B,H,W,C] -> class probabilities
 * [B,classes]. The dataset's normalisation is its first layer, so a user feeds it images as they are. The caller
 * disposes of the model.
 */
export function buildLayersModel({ manifest, layers }: InferenceModel): LayersModel {
  const { height, width, channels } = manifest.image;
  const input = tf.input({ shape: [height, width, channels], name: 'pixels' });
  const builder = new LayersBuilder();
  const logits = builder.applyAll(layers, builder.normalizePixels(manifest, input));
  const output = tf.layers.softmax({ name: 'probabilities' }).apply(logits) as Symbolic;
  // A name of tfjs's own would count the models that this process has made before.
  const model = tf.model({ inputs: input, outputs: output, name: 'network' });
  builder.setWeights();
  return model;
}

/** What is common to tfjs's layer classes here. */
type TfLayer = Pick<ReturnType<typeof tf.layers.dense>, 'weights' | 'setWeights' | 'apply'>;

/** tfjs makes a layer's weights when it is applied, so their values are set when all is built. */
class LayersBuilder {
  /** Values in the order the tfjs layer keeps them. */
  readonly #weighted: { readonly layer: TfLayer; readonly values: readonly Float32Array[] }[] = [];

  /** (pixel - mean) / deviation. */
  normalizePixels({ mean, standard_deviation: deviation }: InferenceModel['manifest'], input: Symbolic) {
    const factor = Float32Array.from(deviation, (value) => 1 / value);
    const shift = Float32Array.from(mean, (value, channel) => -value / deviation[channel]!);
    return this.#scale('normalize', factor, shift, input);
  }

  applyAll(layers: readonly InferenceLayer[], input: Symbolic): Symbolic {
    return layers.reduce((current, layer) => this.#apply(layer, current), input);
  }

  setWeights(): void {
    for (const { layer, values } of this.#weighted) {
      const tensors = layer.weights.map((weight, i) => tf.tensor(values[i]!, weight.shape as number[]));
      layer.setWeights(tensors);
      tf.dispose(tensors);
    }
  }

  #apply(layer: InferenceLayer, input: Symbolic): Symbolic {
    switch (layer.op) {
      case 'conv':
        return this.#rectified(layer, this.#conv(layer, input));
      case 'norm':
        return this.#rectified(layer, this.#norm(layer, input));
      case 'scale':
        return this.#rectified(layer, this.#scale(layer.name, layer.factor, layer.shift, input));
      case 'residual': {
        const paths = [this.applyAll(layer.branch, input), this.applyAll(layer.shortcut, input)];
        const sum = tf.layers.add({ name: tfName(`${layer.name}/add`) }).apply(paths) as Symbolic;
        return this.#rectified(layer, sum);
      }
      case 'max-pool': {
        const { name, size: poolSize, stride: strides } = layer;
        const window = { poolSize, strides, padding: 'same', dataFormat: 'channelsLast' } as const;
        return tf.layers.maxPooling2d({ name: tfName(name), ...window }).apply(input) as Symbolic;
      }
      case 'pool': {
        const config = { name: tfName(layer.name), dataFormat: 'channelsLast' } as const;
        return tf.layers.globalAveragePooling2d(config).apply(input) as Symbolic;
      }
      case 'dense': {
        const dense = tf.layers.dense({ name: tfName(layer.name), units: layer.outputs });
        return this.#weigh(dense, [layer.kernel, layer.bias], input);
      }
    }
  }

  #conv({ name, outputs, size, stride, kernel, bias }: InferenceConv, input: Symbolic): Symbolic {
    const conv = tf.layers.conv2d({
      name: tfName(name),
      filters: outputs,
      kernelSize: size,
      strides: stride,
      padding: 'same',
      useBias: bias !== null,
    });
    return this.#weigh(conv, bias === null ? [kernel] : [kernel, bias], input);
  }

  #norm({ name, epsilon, gamma, beta, mean, variance }: InferenceNorm, input: Symbolic): Symbolic {
    const norm = tf.layers.batchNormalization({ name: tfName(name), epsilon });
    return this.#weigh(norm, [gamma, beta, mean, variance], input);
  }

  /** tfjs has no layer for a factor per channel but a depthwise convolution of one pixel. */
  #scale(
    name: string,
    factor: InferenceScale['factor'],
    shift: InferenceScale['shift'],
    input: Symbolic,
  ): Symbolic {
    const scale = tf.layers.depthwiseConv2d({ name: tfName(name), kernelSize: 1, trainable: false });
    return this.#weigh(scale, [factor, shift], input);
  }

  #weigh(layer: TfLayer, values: readonly Float32Array[], input: Symbolic): Symbolic {
    this.#weighted.push({ layer, values });
    return layer.apply(input) as Symbolic;
  }

  #rectified({ name, relu }: { readonly name: string; readonly relu: boolean }, input: Symbolic): Symbolic {
    return relu ? (tf.layers.reLU({ name: tfName(`${name}/relu`) }).apply(input) as Symbolic) : input;
  }
}

/** tfjs builds paths from layer names: a slash would read as a scope. */
function tfName(name: string): string {
  return name.replaceAll('/', '_');
}
