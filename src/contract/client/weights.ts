import type { components } from '../generated/openapi.js';
import type { ReceivedUpload, RemoteSource } from './datasets.js';

type Schemas = components['schemas'];
export type Weights = Schemas['Weights'];

/** Facts about weights that a request states, besides their place. */
export interface WeightsRequest {
  readonly name: string;
  readonly sha256: string | null;
  readonly class_names: readonly string[] | null;
}

/** The weights that a tenant uploaded. */
export interface WeightsClient {
  /**
   * Checks every tensor, and stores the weights. @throws forbidden_target, checksum_mismatch, weights_pickled,
   * weights_damaged, weights_unknown, limit_reached, quota_reached, source_refused, source_unreachable
   */
  createWeights(request: WeightsRequest, from: ReceivedUpload | RemoteSource): Promise<Weights>;
  listWeights(page: {
    readonly after?: string | undefined;
    readonly limit: number;
  }): Promise<Schemas['WeightsList']>;
  getWeights(id: string): Promise<Weights | null>;
  /** @throws not_found, weights_in_use */
  deleteWeights(id: string): Promise<void>;
}
