import type { ApiKeysClient } from './api-keys.js';
import type { BatchPredictionsClient } from './batches.js';
import type { DatasetsClient } from './datasets.js';
import type { EvaluationsClient } from './evaluations.js';
import type { JobsClient } from './jobs.js';
import type { ModelsClient } from './models.js';
import type { PlansClient } from './plans.js';
import type { RegistryClient } from './registry.js';
import type { SweepsClient } from './sweeps.js';
import type { WebhooksClient } from './webhooks.js';
import type { WeightsClient } from './weights.js';

/**
 * Everything that the API can do for one tenant: ten resources. A method that serves an operation of the contract
 * has its operationId as name. Every failure is a StrataError.
 */
export interface TenantClient {
  readonly jobs: JobsClient;
  readonly models: ModelsClient;
  readonly datasets: DatasetsClient;
  readonly registry: RegistryClient;
  readonly evaluations: EvaluationsClient;
  readonly batches: BatchPredictionsClient;
  readonly weights: WeightsClient;
  readonly plans: PlansClient;
  readonly sweeps: SweepsClient;
  readonly webhooks: WebhooksClient;
  readonly apiKeys: ApiKeysClient;
}
