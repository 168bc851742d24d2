import type { components } from '../generated/openapi.js';

type Schemas = components['schemas'];

/** Forecasts for one tenant's jobs, and the measurements that they rest on. */
export interface PlansClient {
  /** Forecasts a job's time and memory. @throws invalid_spec, precision_unavailable */
  createPlan(request: Schemas['PlanRequest']): Promise<Schemas['Plan']>;
  /** Has a worker measure a job's network, unless that was done. @throws invalid_spec, precision_unavailable, limit_reached */
  createProfile(request: Schemas['ProfileRequest']): Promise<Schemas['Profile']>;
  getProfile(id: string): Promise<Schemas['Profile'] | null>;
  /** @throws not_found */
  deleteProfile(id: string): Promise<void>;
}
