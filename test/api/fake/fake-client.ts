import type { TenantClient } from '../../../src/contract/client/tenant.js';
import { FakeApiKeys } from './fake-api-keys.js';
import { FakeBatches } from './fake-batches.js';
import { FakeDatasets } from './fake-datasets.js';
import { FakeEvaluations } from './fake-evaluations.js';
import { FakeJobs } from './fake-jobs.js';
import { FakeModels } from './fake-models.js';
import { FakePlans } from './fake-plans.js';
import { FakeRegistry } from './fake-registry.js';
import { FakeSweeps } from './fake-sweeps.js';
import { FakeWebhooks } from './fake-webhooks.js';
import { FakeWeights } from './fake-weights.js';

/** A whole TenantClient in memory. */
export class FakeClient implements TenantClient {
  readonly jobs = new FakeJobs();
  readonly models = new FakeModels();
  readonly datasets = new FakeDatasets();
  readonly registry = new FakeRegistry();
  readonly evaluations = new FakeEvaluations();
  readonly batches = new FakeBatches();
  readonly weights = new FakeWeights();
  readonly plans = new FakePlans();
  readonly sweeps = new FakeSweeps();
  readonly webhooks = new FakeWebhooks();
  readonly apiKeys = new FakeApiKeys();
}
