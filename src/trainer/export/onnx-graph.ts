import type {
  InferenceConv,
  InferenceLayer,
  InferenceMaxPool,
  InferenceModel,
  InferenceNorm,
  InferenceScale,
} from './inference-layers.js';
import { outputsFirst } from './kernel-layout.js';
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor } from './onnx-format.js';

/**
 * The network as an ONNX graph: `pixels` 0..255 [N,H,W,C] -> `probabilities` [N,classes], like the TensorFlow.js
 * exports. ONNX convolves channels first, so the images are transposed once, behind the input.
 */
export function buildOnnxGraph({ manifest, layers }: InferenceModel): OnnxGraph {
  const { image, classes } = manifest;
  const graph = new GraphBuilder();
  const logits = graph.applyAll(layers, graph.normalizePixels(manifest));
  graph.node('Softmax', 'softmax', [logits], { axis: int(1) }, 'probabilities');
  return {
    name: 'network',
    nodes: graph.nodes,
    initializers: graph.initializers,
    inputs: [{ name: 'pixels', shape: ['N', image.height, image.width, image.channels] }],
    outputs: [{ name: 'probabilities', shape: ['N', classes.length] }],
  };
}

/** Nodes and weights as they are collected; every method names the value that its node makes. */
class GraphBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];

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
    const means = this.#vector('normalize/mean', Float32Array.from(mean));
    const deviations = this.#vector('normalize/deviation', Float32Array.from(standard_deviation));
    const centered = this.node('Sub', 'normalize/center', ['pixels', means]);
    const normalized = this.node('Div', 'normalize/scale', [centered, deviations]);
    return this.node('Transpose', 'channels_first', [normalized], { perm: ints([0, 3, 1, 2]) });
  }

  applyAll(layers: readonly InferenceLayer[], input: string): string {
    return layers.reduce((current, layer) => this.#apply(layer, current), input);
  }

  #apply(layer: InferenceLayer, input: string): string {
    const { name } = layer;
    switch (layer.op) {
      case 'conv':
        return this.#rectified(layer, this.#conv(layer, input));
      case 'norm':
        return this.#rectified(layer, this.#norm(layer, input));
      case 'scale':
        return this.#rectified(layer, this.#scale(layer, input));
      case 'residual': {
        const paths = [this.applyAll(layer.branch, input), this.applyAll(layer.shortcut, input)];
        return this.#rectified(layer, this.node('Add', `${name}/add`, paths));
      }
      case 'max-pool':
        return this.node('MaxPool', name, [input], window(layer));
      case 'pool':
        return this.node('Flatten', `${name}/flat`, [this.node('GlobalAveragePool', name, [input])]);
      case 'dense': {
        const kernel = this.#weight(`${name}/kernel`, [layer.inputs, layer.outputs], layer.kernel);
        return this.node('Gemm', name, [input, kernel, this.#vector(`${name}/bias`, layer.bias)]);
      }
    }
  }

  #conv(layer: InferenceConv, input: string): string {
    const { name, size, inputs: channels, outputs, bias } = layer;
    const shape = [outputs, channels, size, size];
    const kernel = this.#weight(`${name}/kernel`, shape, outputsFirst(layer.kernel, layer));
    const inputs = [input, kernel, ...(bias ? [this.#vector(`${name}/bias`, bias)] : [])];
    return this.node('Conv', name, inputs, window(layer));
  }

  #norm({ name, gamma, beta, mean, variance, epsilon }: InferenceNorm, input: string): string {
    const parts = Object.entries({ gamma, beta, mean, variance });
    const inputs = [input, ...parts.map(([part, values]) => this.#vector(`${name}/${part}`, values))];
    return this.node('BatchNormalization', name, inputs, { epsilon: { kind: 'float', value: epsilon } });
  }

  #scale({ name, factor, shift }: InferenceScale, input: string): string {
    const perChannel = (part: string, values: Float32Array) =>
      this.#weight(`${name}/${part}`, [values.length, 1, 1], values);
    const scaled = this.node('Mul', `${name}/scale`, [input, perChannel('factor', factor)]);
    return this.node('Add', name, [scaled, perChannel('shift', shift)]);
  }

  #rectified({ name, relu }: { readonly name: string; readonly relu: boolean }, input: string): string {
    return relu ? this.node('Relu', `${name}/relu`, [input]) : input;
  }

  #vector(name: string, values: Float32Array): string {
    return this.#weight(name, [values.length], values);
  }

  #weight(name: string, shape: readonly number[], values: Float32Array): string {
    this.initializers.push({ name, shape, values });
    return name;
  }
}

function window({ size, stride, padding }: InferenceConv | InferenceMaxPool): Record<string, OnnxAttribute> {
  const { top, left, bottom, right } = padding;
  return {
    kernel_shape: ints([size, size]),
    strides: ints([stride, stride]),
    pads: ints([top, left, bottom, right]),
  };
}

const int = (value: number): OnnxAttribute => ({ kind: 'int', value });
const ints = (value: readonly number[]): OnnxAttribute => ({ kind: 'ints', value });
