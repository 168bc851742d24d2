import { tf } from '../runtime/index.js';
import type { InferenceModel } from './inference-layers.js';
import { exportOperationOf } from './operations/index.js';
import { LayersWriter, type Symbolic } from './writers/layers-writer.js';

export type LayersModel = ReturnType<typeof tf.model>;

/**
 * Builds the network as a TensorFlow.js layers model: pixels 0..255 [B,H,W,C] -> class probabilities [B,classes].
 * The normalization of the dataset is its first layer, so users pass images without preprocessing. The caller must
 * dispose of the model.
 */
export function buildLayersModel({ manifest, layers }: InferenceModel): LayersModel {
  const { height, width, channels } = manifest.image;
  const input = tf.input({ shape: [height, width, channels], name: 'pixels' });
  const builder: LayersWriter = new LayersWriter((layer, from) =>
    exportOperationOf(layer).layers(layer, from, builder),
  );
  const logits = builder.path(layers, builder.normalizePixels(manifest, input));
  const output = tf.layers.softmax({ name: 'probabilities' }).apply(logits) as Symbolic;
  // An explicit name, because tfjs would count the models that this process has made before.
  const model = tf.model({ inputs: input, outputs: output, name: 'network' });
  builder.setWeights();
  return model;
}
