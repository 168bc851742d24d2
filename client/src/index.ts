import type { RequestBodyOption } from 'openapi-fetch';
import { artifactsApi } from './artifacts.js';
import { batchPredictionsApi } from './batch-predictions.js';
import { evaluationsApi } from './evaluations.js';
import type { components, operations, paths } from './generated/openapi.js';
import { answered, type ClientOptions, connect, emptied } from './http.js';
import { jobsApi } from './jobs.js';
import { modelsApi } from './models.js';
import { registryApi } from './registry.js';
import { sweepsApi } from './sweeps.js';
import { uploadsApi } from './uploads.js';

export { type Artifact, ChecksumError } from './artifacts.js';
export type { BatchPrediction, BatchPredictionRequest } from './batch-predictions.js';
export type { Evaluation, EvaluationRequest } from './evaluations.js';
export type { FollowEventsOptions, FollowOptions, TenantEvent } from './follow.js';
export type { components, operations, paths } from './generated/openapi.js';
export { answered, type ClientOptions, emptied, type HttpClient } from './http.js';
export type { CreateOptions, Event, Job, NewJob } from './jobs.js';
export { type MetricSeries, pointsOf } from './metrics.js';
export type { Model, ModelUpdate, Prediction } from './models.js';
export { StrataProblem } from './problem.js';
export type { PromotionRequest } from './registry.js';
export { specOf } from './spec-of.js';
export type { NewSweep, Sweep, Trial } from './sweeps.js';

type Schemas = components['schemas'];
type DatasetBody = NonNullable<RequestBodyOption<paths['/datasets']['post']>['body']>;
type ImagesQuery = NonNullable<operations['listDatasetImages']['parameters']['query']>;
type DatasetOptions = Omit<Schemas['DatasetImport'], 'name' | 'url' | 'upload'>;
/** An archive that was uploaded in pieces, or the URL of one. */
export type DatasetRequest = Partial<DatasetOptions> & { readonly name: string } & (
    | { readonly upload: string }
    | { readonly url: string }
  );
type WeightsBody = NonNullable<RequestBodyOption<paths['/weights']['post']>['body']>;
/** A safetensors file that was uploaded in pieces, or the URL of one. */
export type WeightsRequest = Partial<Omit<Schemas['WeightsImport'], 'url' | 'upload'>> &
  ({ readonly upload: string } | { readonly url: string });
export type StrataClient = ReturnType<typeof createClient>;

/** A client of one server. It holds no connection: there is nothing to close. */
export function createClient(options: ClientOptions) {
  const connection = connect(options);
  const { http } = connection;
  return {
    jobs: jobsApi(connection),
    artifacts: artifactsApi(connection),
    models: modelsApi(connection),
    evaluations: evaluationsApi(connection),
    batches: batchPredictionsApi(connection),
    registry: registryApi(connection),
    datasets: {
      list: async (): Promise<Schemas['Dataset'][]> => (await answered(http.GET('/datasets'))).data,
      get: (id: string): Promise<Schemas['Dataset']> =>
        answered(http.GET('/datasets/{id}', { params: { path: { id } } })),
      /** Images by class and split. @throws StrataProblem `dataset_not_prepared` */
      statistics: (id: string): Promise<Schemas['DatasetStatistics']> =>
        answered(http.GET('/datasets/{id}/statistics', { params: { path: { id } } })),
      /** Images of a split; `links.content` of each is its picture. @throws StrataProblem `dataset_not_prepared` */
      images: (id: string, query: ImagesQuery = {}): Promise<Schemas['DatasetSampleList']> =>
        answered(http.GET('/datasets/{id}/images', { params: { path: { id }, query } })),
      /** Makes a dataset of an archive that was uploaded in pieces, or that a worker is to download. */
      create: (request: DatasetRequest): Promise<Schemas['Dataset']> =>
        answered(http.POST('/datasets', { body: request as DatasetBody })),
      delete: (id: string): Promise<void> =>
        emptied(http.DELETE('/datasets/{id}', { params: { path: { id } } })),
    },
    weights: {
      list: async (): Promise<Schemas['Weights'][]> => (await answered(http.GET('/weights'))).data,
      get: (id: string): Promise<Schemas['Weights']> =>
        answered(http.GET('/weights/{id}', { params: { path: { id } } })),
      /** Checks a safetensors file that was uploaded in pieces or lies at a URL. @throws StrataProblem `weights_unknown` */
      create: (request: WeightsRequest): Promise<Schemas['Weights']> =>
        answered(http.POST('/weights', { body: request as WeightsBody })),
      delete: (id: string): Promise<void> =>
        emptied(http.DELETE('/weights/{id}', { params: { path: { id } } })),
    },
    sweeps: sweepsApi(connection),
    uploads: uploadsApi(connection),
    /** The caller; and sessions of browsers, which keep a cookie in the place of the key. */
    session: {
      get: (): Promise<Schemas['Session']> => answered(http.GET('/session')),
      /** Begins a session with the key of this client. The browser keeps its cookie. */
      create: (): Promise<Schemas['Session']> => answered(http.POST('/session')),
      end: (): Promise<void> => emptied(http.DELETE('/session')),
    },
    workers: {
      list: async (): Promise<Schemas['Worker'][]> => (await answered(http.GET('/workers'))).data,
      /** Lets a worker end its tasks and take no others, until it is restarted. */
      drain: (id: string): Promise<Schemas['Worker']> =>
        answered(http.POST('/workers/{id}/drain', { params: { path: { id } } })),
    },
    /** Every operation, typed, for operations that have no method here. */
    http,
  };
}
