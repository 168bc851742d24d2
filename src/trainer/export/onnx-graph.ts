import type { InferenceModel } from './inference-layers.js';
import type { OnnxGraph } from './onnx-format.js';
import { exportOperationOf } from './operations/index.js';
import { int, OnnxWriter } from './writers/onnx-writer.js';

/**
 * The network as an ONNX graph: `pixels` 0..255 [N,H,W,C] -> `probabilities` [N,classes], like the TensorFlow.js
 * exports. ONNX convolutions need channels first, so the images are transposed once, after the input.
 */
export function buildOnnxGraph({ manifest, layers }: InferenceModel): OnnxGraph {
  const { image, classes } = manifest;
  const graph: OnnxWriter = new OnnxWriter((layer, input) =>
    exportOperationOf(layer).onnx(layer, input, graph),
  );
  const logits = graph.path(layers, graph.normalizePixels(manifest));
  graph.node('Softmax', 'softmax', [logits], { axis: int(1) }, 'probabilities');
  return {
    name: 'network',
    nodes: graph.nodes,
    initializers: graph.initializers,
    inputs: [{ name: 'pixels', shape: ['N', image.height, image.width, image.channels] }],
    outputs: [{ name: 'probabilities', shape: ['N', classes.length] }],
  };
}
