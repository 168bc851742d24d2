import { type DatasetManifest, decodeManifest } from '../../../contract/dataset-manifest.js';
import { inputShape } from '../../../network/index.js';

import { requiredInput, type TaskContext } from '../context.js';

/** The prepared dataset, with the image size of this job. */
export async function readManifest(context: TaskContext): Promise<DatasetManifest> {
  const { spec, dataset } = context.assignment;
  const manifest = decodeManifest(await context.blobs.get(requiredInput(context, 'dataset')));
  return { ...manifest, image: inputShape(spec, dataset) };
}
