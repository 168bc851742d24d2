import { tf } from '../runtime/index.js';
import type { InferenceModel } from './inference-layers.js';
import { exportOperationOf } from './operations/index.js';
import { LayersWriter, type Symbolic } from './writers/layers-writer.js';

export type LayersModel = ReturnType<typeof tf.model>;

/**
 * Builds the same network as a TensorFlow.js layers model: pixels 0..255 [B,H,W,C] -> class probabilities
 * [B,classes]. The dataset's normalisation is its first layer, so a user feeds it images as they are. The caller
 * disposes of the model.
 */
export function buildLayersModel({ manifest, layers }: InferenceModel): LayersModel {
  const { height, width, channels } = manifest.image;
  const input = tf.input({ shape: [height, width, channels], name: 'pixels' });
  const builder: LayersWriter = new LayersWriter((layer, from) =>
    exportOperationOf(layer).layers(layer, from, builder),
  );
  const logits = builder.path(layers, builder.normalizePixels(manifest, input));
  const output = tf.layers.softmax({ name: 'probabilities' }).apply(logits) as Symbolic;
  // A name of tfjs's own would count the models that this process has made before.
  const model = tf.model({ inputs: input, outputs: output, name: 'network' });
  builder.setWeights();
  return model;
}
