import type { ResidualLayer } from '../../../network/index.js';
import { tf } from '../../runtime/index.js';
import { FLOAT } from '../writers/graph-writer.js';
import { type Symbolic, tfName } from '../writers/layers-writer.js';
import type { ExportOperation, Lower } from './operation.js';

export const lowerResidual: Lower<ResidualLayer> = ({ op, name, branch, shortcut, relu }, { path }) => [
  { op, name, branch: path(branch), shortcut: path(shortcut), relu },
];

export const residual: ExportOperation<'residual'> = {
  graph: (layer, input, graph) => {
    const paths = [graph.path(layer.branch, input), graph.path(layer.shortcut, input)];
    return graph.rectified(layer, graph.node('AddV2', `${layer.name}/add`, paths, FLOAT));
  },
  layers: (layer, input, model) => {
    const paths = [model.path(layer.branch, input), model.path(layer.shortcut, input)];
    const sum = tf.layers.add({ name: tfName(`${layer.name}/add`) }).apply(paths) as Symbolic;
    return model.rectified(layer, sum);
  },
  onnx: (layer, input, graph) => {
    const paths = [graph.path(layer.branch, input), graph.path(layer.shortcut, input)];
    return graph.rectified(layer, graph.node('Add', `${layer.name}/add`, paths));
  },
  tensors: () => ({}),
  describe: ({ branch, shortcut, relu }, path) => ({
    branch: path(branch),
    shortcut: path(shortcut),
    relu,
  }),
  read: ({ op, relu = false, ...paths }, reader, index) => {
    const [branch, shortcut] = [reader.path(paths.branch), reader.path(paths.shortcut)];
    return { op, name: `${branch[0]?.name}/residual${index}`, branch, shortcut, relu };
  },
};
