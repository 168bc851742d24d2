import type { components } from '../generated/openapi.js';
import type { ReceivedUpload } from './datasets.js';

type Schemas = components['schemas'];
export type BatchPrediction = Schemas['BatchPrediction'];

/** Images of a dataset, or an archive of pictures. */
export type BatchInput =
  | { readonly dataset: string; readonly split: Schemas['EvaluationSplit'] }
  | { readonly upload: ReceivedUpload };

/** A request with every default filled in. */
export interface BatchPredictionRequest {
  /** The id of a model, or `name@alias`. */
  readonly model: string;
  readonly variant: Schemas['ModelVariantName'];
  readonly input: BatchInput;
  readonly format: Schemas['BatchPredictionFormat'];
  readonly topK: number;
  readonly embedding: boolean;
  readonly maxFailedShare: number;
  readonly cascade: Schemas['Cascade'] | null;
}

export interface BatchPredictionFilter {
  readonly after?: string | undefined;
  readonly limit: number;
  /** Id of a model. */
  readonly model?: string | undefined;
}

export interface BatchPredictionFile {
  readonly format: Schemas['BatchPredictionFormat'];
  /** Its bytes, read as they are asked for. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** The batch predictions of one tenant. Every method that takes an id throws `not_found`, except `getBatchPrediction`. */
export interface BatchPredictionsClient {
  /**
   * @throws not_found, dataset_not_prepared, model_not_served, model_without_features, images_unfit, limit_reached,
   * quota_reached, invalid_request
   */
  createBatchPrediction(request: BatchPredictionRequest): Promise<BatchPrediction>;
  /** @throws invalid_cursor */
  listBatchPredictions(filter: BatchPredictionFilter): Promise<Schemas['BatchPredictionList']>;
  getBatchPrediction(id: string): Promise<BatchPrediction | null>;
  /** One that has ended stays as it is. */
  cancelBatchPrediction(id: string): Promise<BatchPrediction>;
  deleteBatchPrediction(id: string): Promise<void>;
  /** In the order of the input. @throws batch_unfinished, blob_missing, blob_corrupt */
  downloadBatchPrediction(id: string): Promise<BatchPredictionFile>;
  /** The same of the images that failed, as lines of JSON. */
  downloadBatchPredictionErrors(id: string): Promise<BatchPredictionFile>;
}
