import type { BatchSetup } from '../../../contract/batch-protocol.js';
import type { BatchPredictionRequest } from '../../../contract/client/batches.js';
import { type DatasetManifest, splitOf } from '../../../contract/dataset-manifest.js';
import { StrataError } from '../../../contract/errors.js';
import type { ModelRow } from '../../store/models.js';
import { requireShape } from '../evaluations/setup.js';
import { servedFile } from '../models/served-file.js';

/**
 * All that the parts of a batch prediction need. @throws StrataError model_not_served, model_without_features, images_unfit,
 * invalid_request
 */
export function planBatch(
  request: BatchPredictionRequest,
  model: ModelRow,
  manifest: DatasetManifest,
  manifestUri: BatchSetup['manifest'],
): { readonly setup: BatchSetup; readonly total: number } {
  checkFields(request, model);
  const { split, variant, format, topK, embedding, cascade } = request;
  const total = manifest.splits[split] === undefined ? 0 : splitOf(manifest, split).count;
  if (total === 0) refuse('/input/split', `The dataset has no ${split} images.`);
  if (manifest.storage === 'pixels') requireShape(manifest.image, model.image);
  const setup = {
    network: servedFile(model, variant),
    cascade: cascade && { compact: servedFile(model, 'compact'), threshold: cascade.threshold },
    image: model.image,
    storage: model.storage,
    classes: model.classes,
    manifest: manifestUri,
    ...{ variant, split, format, topK, embedding },
  };
  return { setup, total };
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
