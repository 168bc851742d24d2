import { artifactsApi } from './artifacts.js';
import type { components } from './generated/openapi.js';
import { answered, type ClientOptions, connect } from './http.js';
import { jobsApi } from './jobs.js';
import { modelsApi } from './models.js';

export { type Artifact, ChecksumError } from './artifacts.js';
export type { FollowOptions } from './follow.js';
export type { components, operations, paths } from './generated/openapi.js';
export type { ClientOptions, HttpClient } from './http.js';
export type { CreateOptions, Event, Job, NewJob } from './jobs.js';
export type { Model, ModelUpdate, Prediction } from './models.js';
export { StrataProblem } from './problem.js';

type Schemas = components['schemas'];
export type StrataClient = ReturnType<typeof createClient>;

/** A client of one server. It holds no connection: there is nothing to close. */
export function createClient(options: ClientOptions) {
  const connection = connect(options);
  const { http } = connection;
  return {
    jobs: jobsApi(connection),
    artifacts: artifactsApi(connection),
    models: modelsApi(connection),
    datasets: {
      list: async (): Promise<Schemas['Dataset'][]> => (await answered(http.GET('/datasets'))).data,
      get: (id: string): Promise<Schemas['Dataset']> =>
        answered(http.GET('/datasets/{id}', { params: { path: { id } } })),
    },
    workers: {
      list: async (): Promise<Schemas['Worker'][]> => (await answered(http.GET('/workers'))).data,
    },
    /** Every operation, typed, for operations that have no method here. */
    http,
  };
}
