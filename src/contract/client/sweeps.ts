import type { components } from '../generated/openapi.js';
import type { JobSpec } from '../spec.js';

type Schemas = components['schemas'];
export type Sweep = Schemas['Sweep'];
export type Trial = Schemas['Trial'];

/** A job by the schema of the contract, with its defaults filled in. @throws invalid_request */
export type CheckJob = (job: unknown) => JobSpec;

/** The sweeps of one tenant. A method that takes an id throws `not_found` for an unknown id. */
export interface SweepsClient {
  /**
   * Draws the points, checks the job of each, and stores the sweep. With `dryRun`, nothing is stored, and the cost is
   * predicted. @throws invalid_spec, dataset_not_ready, precision_unavailable, limit_reached, quota_reached
   */
  createSweep(
    spec: Schemas['SweepSpec'],
    options: { readonly checkJob: CheckJob; readonly dryRun: boolean },
  ): Promise<Sweep>;
  listSweeps(page: {
    readonly after?: string | undefined;
    readonly limit: number;
  }): Promise<Schemas['SweepList']>;
  getSweep(id: string): Promise<Sweep | null>;
  /** @throws not_found, sweep_finished, invalid_spec */
  updateSweep(
    id: string,
    changes: Schemas['SweepUpdate'],
    options: { readonly checkJob: CheckJob },
  ): Promise<Sweep>;
  listSweepTrials(id: string): Promise<Schemas['TrialList']>;
  /** @throws not_found, sweep_finished, sweep_full, invalid_spec */
  createTrial(
    id: string,
    request: Schemas['TrialRequest'],
    options: { readonly checkJob: CheckJob },
  ): Promise<Trial>;
  /** @throws sweep_finished */
  pauseSweep(id: string): Promise<Sweep>;
  /** @throws sweep_finished */
  resumeSweep(id: string): Promise<Sweep>;
  /** @throws sweep_finished */
  cancelSweep(id: string): Promise<Sweep>;
}
