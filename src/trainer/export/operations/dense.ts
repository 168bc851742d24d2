import type { DenseLayer } from '../../../network/index.js';
import { transposed } from '../../../network/kernel-layout.js';
import { tf } from '../../runtime/index.js';
import { attribute } from '../graph-format.js';
import { FLOAT, LAYOUT } from '../writers/graph-writer.js';
import { tfName } from '../writers/layers-writer.js';
import { type ExportOperation, type Lower, vector } from './operation.js';

export const lowerDense: Lower<DenseLayer> = (layer, { value }) => [
  { ...layer, kernel: value('kernel'), bias: value('bias') },
];

export const dense: ExportOperation<'dense'> = {
  graph: ({ name, inputs, outputs, kernel, bias }, input, graph) => {
    const weight = graph.constant(`${name}/kernel`, [inputs, outputs], kernel);
    const transposes = { transpose_a: attribute.bool(false), transpose_b: attribute.bool(false) };
    const product = graph.node('MatMul', `${name}/product`, [input, weight], { ...FLOAT, ...transposes });
    const values = [product, graph.floats(`${name}/bias`, bias)];
    return graph.node('BiasAdd', name, values, { ...FLOAT, ...LAYOUT });
  },
  layers: ({ name, outputs, kernel, bias }, input, model) =>
    model.weigh(tf.layers.dense({ name: tfName(name), units: outputs }), [kernel, bias], input),
  onnx: ({ name, inputs, outputs, kernel, bias }, input, graph) => {
    const weight = graph.weight(`${name}/kernel`, [inputs, outputs], kernel);
    return graph.node('Gemm', name, [input, weight, graph.vector(`${name}/bias`, bias)]);
  },
  tensors: ({ inputs, outputs, kernel, bias }) => ({
    weight: { shape: [outputs, inputs], values: transposed(kernel, inputs, outputs) },
    bias: vector(bias),
  }),
  describe: () => ({}),
  read: ({ op, name }, { tensor }) => {
    const { shape, values } = tensor(name, 'weight');
    const [outputs, inputs] = shape as [number, number];
    const kernel = transposed(values, outputs, inputs);
    return { op, name, inputs, outputs, kernel, bias: tensor(name, 'bias').values };
  },
};
