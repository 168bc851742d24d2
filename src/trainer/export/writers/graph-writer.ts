import { attribute, constant as constantNode, type GraphNode, type GraphWeight } from '../graph-format.js';
import type { InferenceConv, InferenceLayer, InferenceMaxPool, InferenceModel } from '../inference-layers.js';

export const FLOAT = { T: attribute.type('DT_FLOAT') };
export const LAYOUT = { data_format: attribute.text('NHWC') };

/** Collects nodes and weights. Every method returns the name of the value that its node computes. */
export class GraphWriter {
  readonly nodes: GraphNode[] = [];
  readonly weights: GraphWeight[] = [];
  readonly #named = new Set<string>();

  /** @param apply writes one layer, and answers the value that it makes */
  constructor(private readonly apply: (layer: InferenceLayer, input: string) => string) {}

  node(op: string, name: string, input: readonly string[], attr: GraphNode['attr']): string {
    this.nodes.push({ name, op, ...(input.length > 0 && { input }), attr });
    return name;
  }

  normalizePixels({ mean, standard_deviation }: InferenceModel['manifest'], pixels: string): string {
    const centered = this.node(
      'Sub',
      'normalize/center',
      [pixels, this.floats('normalize/mean', mean)],
      FLOAT,
    );
    const deviation = this.floats('normalize/deviation', standard_deviation);
    return this.node('RealDiv', 'normalize/scale', [centered, deviation], FLOAT);
  }

  path(layers: readonly InferenceLayer[], input: string): string {
    return layers.reduce((current, layer) => this.apply(layer, current), input);
  }

  /** The input of a window, and its attributes. tfjs's max-pool has SAME and VALID only, so others are padded before. */
  window(layer: InferenceConv | InferenceMaxPool, input: string) {
    const { rule, stride } = layer;
    const attr = (padding: string) => ({
      ...FLOAT,
      ...LAYOUT,
      strides: sides(stride),
      padding: attribute.text(padding),
    });
    return rule === 'same'
      ? { input, window: attr('SAME') }
      : { input: this.padded(layer, input), window: attr('VALID') };
  }

  /** Zeros around height and width. */
  private padded({ name, padding }: InferenceConv | InferenceMaxPool, input: string): string {
    const { top, bottom, left, right } = padding;
    const counts = Int32Array.of(0, 0, top, bottom, left, right, 0, 0);
    const paddings = this.constant(`${name}/paddings`, [4, 2], counts);
    const attr = { ...FLOAT, Tpaddings: attribute.type('DT_INT32') };
    return this.node('Pad', `${name}/padded`, [input, paddings], attr);
  }

  rectified({ name, relu }: { readonly name: string; readonly relu: boolean }, input: string): string {
    return relu ? this.node('Relu', `${name}/relu`, [input], FLOAT) : input;
  }

  floats(name: string, values: Iterable<number>): string {
    const floats = Float32Array.from(values);
    return this.constant(name, [floats.length], floats);
  }

  /** A second one of a name is the same, for layers that share it. */
  constant(name: string, shape: readonly number[], values: Float32Array | Int32Array): string {
    if (this.#named.has(name)) return name;
    this.#named.add(name);
    this.weights.push({ name, shape, values });
    this.nodes.push(constantNode({ name, shape, values }));
    return name;
  }
}

/** For height and width only; images and channels have size 1. */
export const sides = (size: number) => attribute.ints([1, size, size, 1]);
