import { FLOAT } from '../writers/graph-writer.js';
import { type ExportOperation, vector } from './operation.js';

/** A batch norm as a factor and a shift, where no convolution takes it in (fold-norms.ts). */
export const scale: ExportOperation<'scale'> = {
  graph: (layer, input, graph) => {
    const { name, factor, shift } = layer;
    const scaled = graph.node('Mul', `${name}/scale`, [input, graph.floats(`${name}/factor`, factor)], FLOAT);
    const output = graph.node('AddV2', name, [scaled, graph.floats(`${name}/shift`, shift)], FLOAT);
    return graph.rectified(layer, output);
  },
  layers: (layer, input, model) =>
    model.rectified(layer, model.scale(layer.name, layer.factor, layer.shift, input)),
  onnx: (layer, input, graph) => {
    const { name, factor, shift } = layer;
    const perChannel = (part: string, values: Float32Array) =>
      graph.weight(`${name}/${part}`, [values.length, 1, 1], values);
    const scaled = graph.node('Mul', `${name}/scale`, [input, perChannel('factor', factor)]);
    return graph.rectified(layer, graph.node('Add', name, [scaled, perChannel('shift', shift)]));
  },
  tensors: ({ factor, shift }) => ({ weight: vector(factor), bias: vector(shift) }),
  describe: ({ relu }) => ({ relu }),
  read: ({ op, name, relu = false }, { tensor }) => ({
    op,
    name,
    factor: tensor(name, 'weight').values,
    shift: tensor(name, 'bias').values,
    relu,
  }),
};
