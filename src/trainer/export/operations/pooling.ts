import type { MaxPoolLayer, PoolLayer } from '../../../network/index.js';
import { tf } from '../../runtime/index.js';
import { attribute } from '../graph-format.js';
import { samePadding } from '../kernel-layout.js';
import { paddingOf, torchPadding } from '../safetensors-config.js';
import { FLOAT, graphWindow, sides } from '../writers/graph-writer.js';
import { type Symbolic, tfName } from '../writers/layers-writer.js';
import { onnxWindow } from '../writers/onnx-writer.js';
import type { ExportOperation, Lower } from './operation.js';

export const lowerMaxPool: Lower<MaxPoolLayer> = (layer) => {
  const { op, name, size, stride } = layer;
  return [{ op, name, size, stride, padding: samePadding(layer) }];
};

export const maxPool: ExportOperation<'max-pool'> = {
  graph: (layer, input, graph) =>
    graph.node('MaxPool', layer.name, [input], { ...graphWindow(layer), ksize: sides(layer.size) }),
  layers: ({ name, size: poolSize, stride: strides }, input) => {
    const window = { poolSize, strides, padding: 'same', dataFormat: 'channelsLast' } as const;
    return tf.layers.maxPooling2d({ name: tfName(name), ...window }).apply(input) as Symbolic;
  },
  onnx: (layer, input, graph) => graph.node('MaxPool', layer.name, [input], onnxWindow(layer)),
  tensors: () => ({}),
  describe: ({ size, stride, padding }) => ({ size, stride, padding: torchPadding(padding) }),
  read: ({ op, name, size, stride, padding }) => ({ op, name, size, stride, padding: paddingOf(padding) }),
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
