import { type NormLayer, useOf } from '../../../network/index.js';
import { NORM_EPSILON } from '../../kernels/index.js';
import { tf } from '../../runtime/index.js';
import { attribute } from '../graph-format.js';
import { FLOAT, LAYOUT } from '../writers/graph-writer.js';
import { tfName } from '../writers/layers-writer.js';
import { type ExportOperation, type Lower, vector } from './operation.js';

export const lowerNorm: Lower<NormLayer> = (layer, { source, value }) => {
  const name = useOf(layer);
  const { mean, variance } = source.statistics.get(name)!;
  const parameters = { gamma: value('gamma'), beta: value('beta'), mean, variance };
  return [{ op: 'norm', name, ...parameters, epsilon: NORM_EPSILON, relu: layer.relu }];
};

export const norm: ExportOperation<'norm'> = {
  graph: (layer, input, graph) => {
    const { name, gamma, beta, mean, variance, epsilon } = layer;
    const parts = Object.entries({ gamma, beta, mean, variance });
    const inputs = [input, ...parts.map(([part, values]) => graph.floats(`${name}/${part}`, values))];
    const output = graph.node('FusedBatchNormV3', name, inputs, {
      ...FLOAT,
      ...LAYOUT,
      U: attribute.type('DT_FLOAT'),
      epsilon: attribute.float(epsilon),
      is_training: attribute.bool(false),
    });
    return graph.rectified(layer, output);
  },
  layers: (layer, input, model) => {
    const { name, epsilon, gamma, beta, mean, variance } = layer;
    const batchNorm = tf.layers.batchNormalization({ name: tfName(name), epsilon });
    return model.rectified(layer, model.weigh(batchNorm, [gamma, beta, mean, variance], input));
  },
  onnx: (layer, input, graph) => {
    const { name, gamma, beta, mean, variance, epsilon } = layer;
    const parts = Object.entries({ gamma, beta, mean, variance });
    const inputs = [input, ...parts.map(([part, values]) => graph.vector(`${name}/${part}`, values))];
    const attributes = { epsilon: { kind: 'float', value: epsilon } } as const;
    return graph.rectified(layer, graph.node('BatchNormalization', name, inputs, attributes));
  },
  tensors: ({ gamma, beta, mean, variance }) => ({
    weight: vector(gamma),
    bias: vector(beta),
    running_mean: vector(mean),
    running_var: vector(variance),
  }),
  describe: ({ relu }) => ({ relu }),
  read: ({ op, name, relu = false }, { epsilon, tensor }) => ({
    op,
    name,
    gamma: tensor(name, 'weight').values,
    beta: tensor(name, 'bias').values,
    mean: tensor(name, 'running_mean').values,
    variance: tensor(name, 'running_var').values,
    epsilon,
    relu,
  }),
};
