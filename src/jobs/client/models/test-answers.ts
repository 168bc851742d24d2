import type { BlobUri } from '../../../contract/blob-uri.js';
import type { ModelsClient, ModelVariantName } from '../../../contract/client/models.js';
import { StrataError } from '../../../contract/errors.js';
import { memoize } from '../../../contract/memoize.js';
import {
  decodePredictions,
  predictionsFile,
  type TestPredictions,
} from '../../../contract/test-predictions.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import { findNamedArtifact } from '../../store/artifacts.js';
import type { Database } from '../../store/connection/database.js';
import { findModel } from '../../store/models.js';
import { notFound } from '../require-job.js';
import { readStored } from '../stored.js';
import { className, skipTo } from '../views/parts.js';
import { evaluate, keptOf, wrongImages } from './evaluation.js';

/** Number of files of predictions that are kept in memory. */
const KEPT = 16;

/** Reads files of predictions, which never change, for all tenants. */
export type PredictionFiles = (uri: BlobUri) => Promise<TestPredictions>;

export function openPredictionFiles(blobs: BlobStore): PredictionFiles {
  return memoize(async (uri: BlobUri) => decodePredictions(await blobs.get(uri)), { max: KEPT });
}

/** Figures from the predictions that the finalizer stored for each test image. */
export function testAnswerMethods(
  db: Database,
  files: PredictionFiles,
  tenant: string,
): Pick<ModelsClient, 'getModelEvaluation' | 'listModelErrors'> {
  const answersOf = async (id: string, variant: ModelVariantName) => {
    const model = (await findModel(db, tenant, id)) ?? notFound(id);
    const name = predictionsFile(variant);
    const { sha256 } = (await findNamedArtifact(db, model.jobId, name)) ?? missing(variant);
    return { model, predictions: await readStored(name, () => files(`sha256:${sha256}`)) };
  };
  return {
    async getModelEvaluation(id, variant) {
      const { model, predictions } = await answersOf(id, variant);
      return {
        object: 'model_evaluation',
        ...{ model_id: model.id, variant },
        ...evaluate(predictions, model.classes),
      };
    },
    async listModelErrors(id, filter) {
      const { model, predictions } = await answersOf(id, filter.variant);
      const { data, ...page } = skipTo(filter, wrongImages(predictions, filter));
      const kept = keptOf(predictions);
      return {
        ...page,
        data: data.map((index) => ({
          object: 'model_error',
          index,
          label: className(model.classes, predictions.labels[index] ?? 0),
          classes: Array.from({ length: kept }, (_, rank) => index * kept + rank).map((place) => ({
            ...className(model.classes, predictions.classes[place] ?? 0),
            probability: predictions.probabilities[place] ?? 0,
          })),
          links: { image: `/datasets/${model.datasetId}/images/test/${index}` },
        })),
      };
    },
  };
}

function missing(variant: ModelVariantName): never {
  const detail = `The job stored no predictions of the ${variant} network on the test images.`;
  throw new StrataError('predictions_missing', detail);
}
