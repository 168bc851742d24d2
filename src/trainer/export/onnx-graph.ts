import type {
  ConvLayer,
  DenseLayer,
  Layer,
  MaxPoolLayer,
  NormLayer,
  ResidualLayer,
} from '../../network/index.js';
import { NORM_EPSILON } from '../kernels/index.js';
import { outputsFirst, samePadding } from './kernel-layout.js';
import type { ModelSource } from './model-source.js';
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor } from './onnx-format.js';

/** Nodes and weights as they are collected; every method names the value that its node makes. */
class GraphBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];

  weight(name: string, shape: readonly number[], values: Float32Array): string {
    this.initializers.push({ name, shape, values });
    return name;
  }

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
}

/**
 * The network as an ONNX graph: `pixels` 0..255 [N,H,W,C] -> `probabilities` [N,classes], like the TensorFlow.js
 * export. ONNX convolves channels first, so the images are transposed once, behind the input.
 */
export function buildOnnxGraph(source: ModelSource): OnnxGraph {
  const { image, classes } = source.manifest;
  const graph = new GraphBuilder();
  const logits = applyAll(source.layers, normalizePixels(source, graph), source, graph);
  graph.node('Softmax', 'softmax', [logits], { axis: int(1) }, 'probabilities');
  return {
    name: 'network',
    nodes: graph.nodes,
    initializers: graph.initializers,
    inputs: [{ name: 'pixels', shape: ['N', image.height, image.width, image.channels] }],
    outputs: [{ name: 'probabilities', shape: ['N', classes.length] }],
  };
}

function normalizePixels({ manifest }: ModelSource, graph: GraphBuilder): string {
  const channels = manifest.image.channels;
  const mean = graph.weight('normalize/mean', [channels], Float32Array.from(manifest.mean));
  const deviations = Float32Array.from(manifest.standard_deviation);
  const deviation = graph.weight('normalize/deviation', [channels], deviations);
  const centered = graph.node('Sub', 'normalize/center', ['pixels', mean]);
  const normalized = graph.node('Div', 'normalize/scale', [centered, deviation]);
  return graph.node('Transpose', 'channels_first', [normalized], { perm: ints([0, 3, 1, 2]) });
}

function applyAll(layers: readonly Layer[], input: string, source: ModelSource, graph: GraphBuilder): string {
  return layers.reduce((current, layer) => applyLayer(layer, current, source, graph), input);
}

function applyLayer(layer: Layer, input: string, source: ModelSource, graph: GraphBuilder): string {
  switch (layer.op) {
    case 'conv':
      return applyConv(layer, input, source, graph);
    case 'norm':
      return applyNorm(layer, input, source, graph);
    case 'residual':
      return applyResidual(layer, input, source, graph);
    case 'max-pool':
      return graph.node('MaxPool', layer.name, [input], window(layer));
    // Dropout leaves everything alone outside training.
    case 'dropout':
      return input;
    case 'pool':
      return graph.node('Flatten', `${layer.name}/flat`, [
        graph.node('GlobalAveragePool', layer.name, [input]),
      ]);
    case 'dense':
      return applyDense(layer, input, source, graph);
  }
}

function applyConv(layer: ConvLayer, input: string, { values }: ModelSource, graph: GraphBuilder): string {
  const { size, output } = layer;
  const name = `${layer.name}/kernel`;
  const kernel = graph.weight(
    name,
    [output.channels, layer.input.channels, size, size],
    outputsFirst(values.get(name)!, layer),
  );
  return graph.node('Conv', layer.name, [input, kernel], window(layer));
}

function applyNorm(layer: NormLayer, input: string, source: ModelSource, graph: GraphBuilder): string {
  const { mean, variance } = source.statistics.get(layer.name)!;
  const vector = (part: string, values: Float32Array) =>
    graph.weight(`${layer.name}/${part}`, [values.length], values);
  const parameter = (part: string) => vector(part, source.values.get(`${layer.name}/${part}`)!);
  const inputs = [
    input,
    parameter('gamma'),
    parameter('beta'),
    vector('mean', mean),
    vector('variance', variance),
  ];
  const attributes = { epsilon: { kind: 'float', value: NORM_EPSILON } } as const;
  const normalized = graph.node('BatchNormalization', layer.name, inputs, attributes);
  return layer.relu ? graph.node('Relu', `${layer.name}/relu`, [normalized]) : normalized;
}

function applyResidual(
  layer: ResidualLayer,
  input: string,
  source: ModelSource,
  graph: GraphBuilder,
): string {
  const branch = applyAll(layer.branch, input, source, graph);
  const shortcut = applyAll(layer.shortcut, input, source, graph);
  const sum = graph.node('Add', `${layer.name}/add`, [branch, shortcut]);
  return layer.relu ? graph.node('Relu', `${layer.name}/relu`, [sum]) : sum;
}

function applyDense(layer: DenseLayer, input: string, { values }: ModelSource, graph: GraphBuilder): string {
  const kernel = `${layer.name}/kernel`;
  const bias = `${layer.name}/bias`;
  graph.weight(kernel, [layer.inputs, layer.outputs], values.get(kernel)!);
  graph.weight(bias, [layer.outputs], values.get(bias)!);
  return graph.node('Gemm', layer.name, [input, kernel, bias]);
}

function window(layer: ConvLayer | MaxPoolLayer): Record<string, OnnxAttribute> {
  const { top, left, bottom, right } = samePadding(layer);
  return {
    kernel_shape: ints([layer.size, layer.size]),
    strides: ints([layer.stride, layer.stride]),
    pads: ints([top, left, bottom, right]),
  };
}

const int = (value: number): OnnxAttribute => ({ kind: 'int', value });
const ints = (value: readonly number[]): OnnxAttribute => ({ kind: 'ints', value });
