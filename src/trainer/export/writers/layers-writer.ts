import { tf } from '../../runtime/index.js';
import type { InferenceConv, InferenceLayer, InferenceMaxPool, InferenceModel } from '../inference-layers.js';

export type Symbolic = ReturnType<typeof tf.input>;

/** Common interface of the tfjs layer classes used here. */
type TfLayer = Pick<ReturnType<typeof tf.layers.dense>, 'name' | 'weights' | 'setWeights' | 'apply'>;

/** tfjs creates the weights of a layer when it is applied, so their values are set at the end. */
export class LayersWriter {
  /** Values in the order of the tfjs layer. */
  readonly #weighted: { readonly layer: TfLayer; readonly values: readonly Float32Array[] }[] = [];

  /** @param apply writes one layer, and answers the value that it makes */
  constructor(private readonly apply: (layer: InferenceLayer, input: Symbolic) => Symbolic) {}

  /** (pixel - mean) / deviation. */
  normalizePixels({ mean, standard_deviation: deviation }: InferenceModel['manifest'], input: Symbolic) {
    const factor = Float32Array.from(deviation, (value) => 1 / value);
    const shift = Float32Array.from(mean, (value, channel) => -value / deviation[channel]!);
    return this.scale('normalize', factor, shift, input);
  }

  path(layers: readonly InferenceLayer[], input: Symbolic): Symbolic {
    return layers.reduce((current, layer) => this.apply(layer, current), input);
  }

  setWeights(): void {
    for (const { layer, values } of this.#weighted) {
      const tensors = layer.weights.map((weight, i) => tf.tensor(values[i]!, weight.shape as number[]));
      layer.setWeights(tensors);
      tf.dispose(tensors);
    }
  }

  /** tfjs has no layer for a factor per channel, except a depthwise 1x1 convolution. */
  scale(name: string, factor: Float32Array, shift: Float32Array, input: Symbolic): Symbolic {
    const scale = tf.layers.depthwiseConv2d({ name: tfName(name), kernelSize: 1, trainable: false });
    return this.weigh(scale, [factor, shift], input);
  }

  /** A second layer of a name is the first one once more, for those that share their weights. */
  weigh(layer: TfLayer, values: readonly Float32Array[], input: Symbolic): Symbolic {
    const known = this.#weighted.find((other) => other.layer.name === layer.name);
    if (!known) this.#weighted.push({ layer, values });
    return (known?.layer ?? layer).apply(input) as Symbolic;
  }

  /** The input of a window, with zeros around it where tfjs has no such padding. */
  padded({ name, rule, padding }: InferenceConv | InferenceMaxPool, input: Symbolic): Symbolic {
    if (rule === 'same') return input;
    const { top, bottom, left, right } = padding;
    const zeros = tf.layers.zeroPadding2d({
      name: tfName(`${name}/padded`),
      padding: [
        [top, bottom],
        [left, right],
      ],
      dataFormat: 'channelsLast',
    });
    return zeros.apply(input) as Symbolic;
  }

  rectified({ name, relu }: { readonly name: string; readonly relu: boolean }, input: Symbolic): Symbolic {
    return relu ? (tf.layers.reLU({ name: tfName(`${name}/relu`) }).apply(input) as Symbolic) : input;
  }
}

/** The padding of a window whose input is `padded`. */
export const layersWindow = ({ rule }: InferenceConv | InferenceMaxPool) =>
  rule === 'same' ? 'same' : 'valid';

/** tfjs builds paths from layer names, and a slash would start a scope. */
export function tfName(name: string): string {
  return name.replaceAll('/', '_');
}
