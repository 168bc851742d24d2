import { type ConvLayer, paddingOf, useOf } from '../../../network/index.js';
import { outputsFirst, outputsLast } from '../../../network/kernel-layout.js';
import { tf } from '../../runtime/index.js';
import { attribute } from '../graph-format.js';
import { type InferenceConv, weightsName } from '../inference-layers.js';
import { fromTorchPadding, torchPadding } from '../safetensors-config.js';
import { type GraphWriter, sides } from '../writers/graph-writer.js';
import { layersWindow, tfName } from '../writers/layers-writer.js';
import { onnxWindow } from '../writers/onnx-writer.js';
import { type ExportOperation, type Lower, vector } from './operation.js';

export const lowerConv: Lower<ConvLayer> = (layer, { value }) => {
  const { op, size, stride, padding: rule, input, output } = layer;
  const name = useOf(layer);
  const shared = layer.use === undefined ? {} : { weights: layer.name };
  const channels = { inputs: input.channels, outputs: output.channels };
  const weights = { kernel: value('kernel'), bias: null };
  const window = { size, stride, padding: paddingOf(layer), rule };
  return [{ op, name, ...window, ...channels, ...weights, ...shared, relu: false }];
};

export const conv: ExportOperation<'conv'> = {
  graph,
  layers: (layer, input, model) => {
    const { outputs, size, stride, kernel, bias } = layer;
    const conv2d = tf.layers.conv2d({
      name: tfName(weightsName(layer)),
      filters: outputs,
      kernelSize: size,
      strides: stride,
      padding: layersWindow(layer),
      useBias: bias !== null,
    });
    const weights = bias === null ? [kernel] : [kernel, bias];
    return model.rectified(layer, model.weigh(conv2d, weights, model.padded(layer, input)));
  },
  onnx: (layer, input, graph) => {
    const { name, size, inputs: channels, outputs, bias } = layer;
    const shape = [outputs, channels, size, size];
    const kernel = graph.weight(`${weightsName(layer)}/kernel`, shape, outputsFirst(layer.kernel, layer));
    const inputs = [input, kernel, ...(bias ? [graph.vector(`${name}/bias`, bias)] : [])];
    return graph.rectified(layer, graph.node('Conv', name, inputs, onnxWindow(layer)));
  },
  tensors: (layer) => {
    const { size, inputs, outputs, kernel, bias } = layer;
    const weight = { shape: [outputs, inputs, size, size], values: outputsFirst(kernel, layer) };
    return bias ? { weight, bias: vector(bias) } : { weight };
  },
  describe: ({ size, stride, padding, relu, weights }) => ({
    ...(weights !== undefined && { weights: weights.replaceAll('/', '.') }),
    size,
    stride,
    padding: torchPadding(padding),
    ...(relu && { relu }),
  }),
  read: ({ op, name, relu = false, weights, ...window }, reader) => {
    const { size, stride } = window;
    const { shape, values } = reader.tensor(weights ?? name, 'weight');
    const [outputs, inputs] = shape as [number, number];
    const kernel = outputsLast(values, { size, inputs, outputs });
    const bias = reader.optionalValues(weights ?? name, 'bias');
    const shared = weights === undefined ? {} : { weights };
    return {
      op,
      name,
      size,
      stride,
      ...fromTorchPadding(window),
      inputs,
      outputs,
      kernel,
      bias,
      ...shared,
      relu,
    };
  },
};

/** With a bias, one fused node: what TensorFlow's own optimizer would make of three. */
function graph(layer: InferenceConv, from: string, graph: GraphWriter): string {
  const { name, size, inputs, outputs, kernel, bias, relu } = layer;
  const weight = graph.constant(`${weightsName(layer)}/kernel`, [size, size, inputs, outputs], kernel);
  const { input, window } = graph.window(layer, from);
  const attr = { ...window, dilations: sides(1) };
  if (bias === null) return graph.rectified(layer, graph.node('Conv2D', name, [input, weight], attr));
  return graph.node('_FusedConv2D', name, [input, weight, graph.floats(`${name}/bias`, bias)], {
    ...attr,
    num_args: attribute.int(1),
    fused_ops: attribute.texts(relu ? ['BiasAdd', 'Relu'] : ['BiasAdd']),
    epsilon: attribute.float(0),
  });
}
