import type { ArtifactOutput } from '../../contract/trainer-protocol.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { type ModelArtifacts, type Tfjs, tf } from '../runtime/index.js';
import type { InferenceModel } from './inference-layers.js';
import type { Predict } from './parity.js';

/** Stores `<folder>/model.json` and `<folder>/weights.bin` in the form that tfjs loads by URL. */
export async function storeTfjs(
  folder: string,
  { format, modelTopology, signature, userDefinedMetadata, weightSpecs, weightData }: ModelArtifacts,
  blobs: BlobStore,
): Promise<ArtifactOutput[]> {
  const description = {
    modelTopology,
    format,
    generatedBy: 'Strata',
    convertedBy: null,
    ...(signature && { signature }),
    ...(userDefinedMetadata && { userDefinedMetadata }),
    weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
  };
  const json = await blobs.put(new TextEncoder().encode(JSON.stringify(description)));
  const weights = await blobs.put(new Uint8Array(weightData as ArrayBuffer));
  return [
    { name: `${folder}/model.json`, kind: 'model', media_type: 'application/json', ...json },
    { name: `${folder}/weights.bin`, kind: 'weights', media_type: 'application/octet-stream', ...weights },
  ];
}

/** Predictions of a loaded tfjs model. */
export function predictWith(
  model: Pick<Tfjs['LayersModel'], 'predict'> | Pick<Tfjs['GraphModel'], 'predict'>,
  { image: { height, width, channels } }: InferenceModel['manifest'],
): Predict {
  return (pixels, count) =>
    tf.tidy(() => {
      const input = tf.tensor(Float32Array.from(pixels), [count, height, width, channels]);
      return (model.predict(input) as Tfjs['Tensor']).dataSync() as Float32Array;
    });
}
