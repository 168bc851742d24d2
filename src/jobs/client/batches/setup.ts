import type { BatchSetup } from '../../../contract/batch-protocol.js';
import type { BatchPredictionRequest } from '../../../contract/client/batches.js';
import { type DatasetManifest, type SplitName, splitOf } from '../../../contract/dataset-manifest.js';
import { StrataError } from '../../../contract/errors.js';
import type { ModelRow } from '../../store/models.js';
import { requireShape } from '../evaluations/setup.js';
import { servedFile } from '../models/served-file.js';

/**
 * The setup of all parts of a batch prediction, but for the images. @throws StrataError model_not_served,
 * model_without_features, invalid_request
 */
export function planBatch(
  request: BatchPredictionRequest,
  model: ModelRow,
): Omit<BatchSetup, 'manifest' | 'split' | 'pictures'> {
  checkFields(request, model);
  const { variant, format, topK, embedding, cascade } = request;
  return {
    network: servedFile(model, variant),
    cascade: cascade && { compact: servedFile(model, 'compact'), threshold: cascade.threshold },
    image: model.image,
    storage: model.storage,
    classes: model.classes,
    ...{ variant, format, topK, embedding },
  };
}

/** Number of images in a split. @throws StrataError images_unfit, invalid_request */
export function countImages(manifest: DatasetManifest, split: SplitName, model: ModelRow): number {
  const total = manifest.splits[split] === undefined ? 0 : splitOf(manifest, split).count;
  if (total === 0) refuse('/input/split', `The dataset has no ${split} images.`);
  if (manifest.storage === 'pixels') requireShape(manifest.image, model.image);
  return total;
}

/** Rules between fields. */
function checkFields(
  { variant, cascade, format, embedding }: BatchPredictionRequest,
  { job }: ModelRow,
): void {
  if (cascade !== null && variant !== 'full')
    refuse('/cascade', 'The full network answers what the compact one leaves: use variant full.');
  if (embedding && format !== 'jsonl')
    refuse('/include', 'A line of CSV has no place for an embedding: use the format jsonl.');
  const { exports, export_options: options } = job.spec;
  if (embedding && !(exports.includes('onnx') && options.outputs.includes('features')))
    throw new StrataError('model_without_features');
}

function refuse(pointer: string, message: string): never {
  throw new StrataError('invalid_request', undefined, { errors: [{ pointer, message }] });
}
