import { preparationOf } from '../../images/preparation.js';
import type { Layer } from '../../network/index.js';
import type { InferenceLayer, InferenceModel } from './inference-layers.js';
import type { ModelSource } from './model-source.js';
import { lowerOf } from './operations/index.js';

/** Converts a trained network to the form from which formats are written. */
export function inferenceModel(source: ModelSource): InferenceModel {
  const { storage, image, classes, mean, standard_deviation } = source.manifest;
  const preparation = preparationOf(storage, image);
  return {
    manifest: { image, classes, mean, standard_deviation, preparation },
    layers: lowerAll(source.layers, source),
  };
}

function lowerAll(layers: readonly Layer[], source: ModelSource): InferenceLayer[] {
  const path = (inner: readonly Layer[]) => lowerAll(inner, source);
  return layers.flatMap((layer) => {
    const value = (part: string) => source.values.get(`${layer.name}/${part}`)!;
    return lowerOf(layer)(layer, { source, value, path });
  });
}
