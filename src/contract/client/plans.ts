import type { components } from '../generated/openapi.js';

type Schemas = components['schemas'];

/** Forecasts for the jobs of one tenant, and the measurements on which they are based. */
export interface PlansClient {
  /** Predicts the time and memory of a job. @throws invalid_spec, precision_unavailable */
  createPlan(request: Schemas['PlanRequest']): Promise<Schemas['Plan']>;
  /**
   * Asks a worker to measure the network of a job, unless a measurement exists. @throws invalid_spec,
   * precision_unavailable, limit_reached
   */
  createProfile(request: Schemas['ProfileRequest']): Promise<Schemas['Profile']>;
  getProfile(id: string): Promise<Schemas['Profile'] | null>;
  /** @throws not_found */
  deleteProfile(id: string): Promise<void>;
}
