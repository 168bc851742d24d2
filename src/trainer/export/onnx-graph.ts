import type { FurtherOutput } from './exported.js';
import { headOf } from './head.js';
import type { InferenceModel } from './inference-layers.js';
import type { OnnxGraph } from './onnx-format.js';
import { exportOperationOf } from './operations/index.js';
import { int, OnnxWriter } from './writers/onnx-writer.js';

/**
 * The network as an ONNX graph: `pixels` 0..255 [N,H,W,C] -> `probabilities` [N,classes], like the TensorFlow.js
 * exports. ONNX convolutions need channels first, so the images are transposed once, after the input.
 * @param outputs beside the probabilities, under these names
 */
export function buildOnnxGraph(
  { manifest, layers }: InferenceModel,
  outputs: readonly FurtherOutput[] = [],
): OnnxGraph {
  const { image, classes } = manifest;
  const { before, dense } = headOf(layers);
  const graph: OnnxWriter = new OnnxWriter((layer, input) =>
    exportOperationOf(layer).onnx(layer, input, graph),
  );
  const features = graph.path(before, graph.normalizePixels(manifest));
  const logits = graph.path([dense], features);
  graph.node('Softmax', 'softmax', [logits], { axis: int(1) }, 'probabilities');
  const values = {
    logits: { value: logits, size: dense.outputs },
    features: { value: features, size: dense.inputs },
  };
  for (const name of outputs) graph.node('Identity', name, [values[name].value]);
  return {
    name: 'network',
    nodes: graph.nodes,
    initializers: graph.initializers,
    inputs: [{ name: 'pixels', shape: ['N', image.height, image.width, image.channels] }],
    outputs: [
      { name: 'probabilities', shape: ['N', classes.length] },
      ...outputs.map((name) => ({ name, shape: ['N', values[name].size] })),
    ],
  };
}
