import type { FurtherOutput } from './exported.js';
import { attribute, type GraphNode, type GraphWeight, shapeOf } from './graph-format.js';
import { headOf } from './head.js';
import type { InferenceModel } from './inference-layers.js';
import { exportOperationOf } from './operations/index.js';
import { FLOAT, GraphWriter } from './writers/graph-writer.js';

export interface GraphModel {
  readonly nodes: readonly GraphNode[];
  readonly weights: readonly GraphWeight[];
  /** Signature in tfjs's model.json: names of inputs and outputs. */
  readonly signature: object;
}

/**
 * The network as a TensorFlow graph: `pixels` 0..255 [N,H,W,C] -> `probabilities` [N,classes].
 * @param outputs nodes of these names, for `execute`. In the signature, they would make `predict` answer a list
 */
export function buildGraphModel(
  { manifest, layers }: InferenceModel,
  outputs: readonly FurtherOutput[] = [],
): GraphModel {
  const { before, dense } = headOf(layers);
  const { height, width, channels } = manifest.image;
  const shape = [-1, height, width, channels];
  const graph: GraphWriter = new GraphWriter((layer, input) =>
    exportOperationOf(layer).graph(layer, input, graph),
  );
  const pixels = graph.node('Placeholder', 'pixels', [], {
    dtype: attribute.type('DT_FLOAT'),
    shape: attribute.shape(shape),
  });
  const features = graph.path(before, graph.normalizePixels(manifest, pixels));
  const logits = graph.path([dense], features);
  const values = { logits, features };
  for (const name of outputs) graph.node('Identity', name, [values[name]], FLOAT);
  graph.node('Softmax', 'probabilities', [logits], FLOAT);
  return {
    nodes: graph.nodes,
    weights: graph.weights,
    signature: {
      inputs: { pixels: tensorInfo('pixels', shape) },
      outputs: { probabilities: tensorInfo('probabilities', [-1, manifest.classes.length]) },
    },
  };
}

function tensorInfo(name: string, shape: readonly number[]) {
  return { name: `${name}:0`, dtype: 'DT_FLOAT', tensorShape: shapeOf(shape) };
}
