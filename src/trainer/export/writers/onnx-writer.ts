import type { Padding } from '../../../network/index.js';
import type { InferenceLayer, InferenceModel } from '../inference-layers.js';
import type { OnnxAttribute, OnnxNode, OnnxTensor } from '../onnx-format.js';

interface OnnxWindow {
  readonly size: number;
  readonly stride: number;
  readonly padding: Padding;
}

/** Nodes and weights as they are collected; every method names the value that its node makes. */
export class OnnxWriter {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  readonly #named = new Set<string>();

  /** @param apply writes one layer, and answers the value that it makes */
  constructor(private readonly apply: (layer: InferenceLayer, input: string) => string) {}

  node(
    op: string,
    name: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    output = name,
  ): string {
    this.nodes.push({ op, name, inputs, output, attributes });
    return output;
  }

  normalizePixels({ mean, standard_deviation }: InferenceModel['manifest']): string {
    const means = this.vector('normalize/mean', Float32Array.from(mean));
    const deviations = this.vector('normalize/deviation', Float32Array.from(standard_deviation));
    const centered = this.node('Sub', 'normalize/center', ['pixels', means]);
    const normalized = this.node('Div', 'normalize/scale', [centered, deviations]);
    return this.node('Transpose', 'channels_first', [normalized], { perm: ints([0, 3, 1, 2]) });
  }

  path(layers: readonly InferenceLayer[], input: string): string {
    return layers.reduce((current, layer) => this.apply(layer, current), input);
  }

  rectified({ name, relu }: { readonly name: string; readonly relu: boolean }, input: string): string {
    return relu ? this.node('Relu', `${name}/relu`, [input]) : input;
  }

  vector(name: string, values: Float32Array): string {
    return this.weight(name, [values.length], values);
  }

  /** A second one of a name is the same, for layers that share it. */
  weight(name: string, shape: readonly number[], values: Float32Array): string {
    if (!this.#named.has(name)) this.initializers.push({ name, shape, values });
    this.#named.add(name);
    return name;
  }
}

export function onnxWindow({ size, stride, padding }: OnnxWindow): Record<string, OnnxAttribute> {
  const { top, left, bottom, right } = padding;
  return {
    kernel_shape: ints([size, size]),
    strides: ints([stride, stride]),
    pads: ints([top, left, bottom, right]),
  };
}

export const int = (value: number): OnnxAttribute => ({ kind: 'int', value });
const ints = (value: readonly number[]): OnnxAttribute => ({ kind: 'ints', value });
