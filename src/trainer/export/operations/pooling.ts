import { type MaxPoolLayer, type PoolLayer, paddingOf } from '../../../network/index.js';
import { tf } from '../../runtime/index.js';
import { attribute } from '../graph-format.js';
import { fromTorchPadding, torchPadding } from '../safetensors-config.js';
import { FLOAT, sides } from '../writers/graph-writer.js';
import { layersWindow, type Symbolic, tfName } from '../writers/layers-writer.js';
import { onnxWindow } from '../writers/onnx-writer.js';
import type { ExportOperation, Lower } from './operation.js';

export const lowerMaxPool: Lower<MaxPoolLayer> = (layer) => {
  const { op, name, size, stride, padding: rule } = layer;
  return [{ op, name, size, stride, padding: paddingOf(layer), rule }];
};

export const maxPool: ExportOperation<'max-pool'> = {
  graph: (layer, from, graph) => {
    const { input, window } = graph.window(layer, from);
    return graph.node('MaxPool', layer.name, [input], { ...window, ksize: sides(layer.size) });
  },
  layers: (layer, input, model) => {
    const { name, size: poolSize, stride: strides } = layer;
    const window = { poolSize, strides, padding: layersWindow(layer), dataFormat: 'channelsLast' } as const;
    const pooling = tf.layers.maxPooling2d({ name: tfName(name), ...window });
    return pooling.apply(model.padded(layer, input)) as Symbolic;
  },
  onnx: (layer, input, graph) => graph.node('MaxPool', layer.name, [input], onnxWindow(layer)),
  tensors: () => ({}),
  describe: ({ size, stride, padding }) => ({ size, stride, padding: torchPadding(padding) }),
  read: ({ op, name, ...window }) => {
    const { size, stride } = window;
    return { op, name, size, stride, ...fromTorchPadding(window) };
  },
};

export const lowerPool: Lower<PoolLayer> = ({ op, name }) => [{ op, name }];

export const pool: ExportOperation<'pool'> = {
  graph: ({ name }, input, graph) => {
    const axes = graph.constant(`${name}/axes`, [2], Int32Array.of(1, 2));
    return graph.node('Mean', name, [input, axes], { ...FLOAT, keep_dims: attribute.bool(false) });
  },
  layers: ({ name }, input) => {
    const config = { name: tfName(name), dataFormat: 'channelsLast' } as const;
    return tf.layers.globalAveragePooling2d(config).apply(input) as Symbolic;
  },
  onnx: ({ name }, input, graph) =>
    graph.node('Flatten', `${name}/flat`, [graph.node('GlobalAveragePool', name, [input])]),
  tensors: () => ({}),
  describe: () => ({}),
  read: ({ op, name }) => ({ op, name }),
};
