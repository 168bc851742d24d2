import type { IServerAdapter } from '@bull-board/api/typings/app';
import type { Principal } from '../access.js';
import type { components } from '../generated/openapi.js';
import type { TenantClient } from './tenant.js';

type Schemas = components['schemas'];

/** How often something was asked for in the present window of time. */
export interface RequestCount {
  /** This time included. */
  readonly count: number;
  /** Until the count begins anew. */
  readonly remainingMs: number;
}

/** The jobs of every tenant, and the service's own state. */
export interface JobsService {
  /** A client that sees only this tenant's rows: another tenant's ids name nothing there. */
  forTenant(tenant: string): TenantClient;
  /** The holder of this key; null for an unknown or revoked key. @throws unavailable */
  authenticate(key: string): Promise<Principal | null>;
  /** Whether no key was ever made. @throws unavailable */
  isOpen(): Promise<boolean>;
  /** Counts one more request for all API processes together. @throws Error where Redis does not answer at once */
  countRequest(key: string, windowMs: number): Promise<RequestCount>;
  /** State of queue, workers and dispatchers in Prometheus' text format, all tenants together. @throws unavailable */
  getMetrics(): Promise<string>;
  /** Never throws: a part that does not answer is `down`. */
  getReadiness(): Promise<Omit<Schemas['Health'], 'status'>>;
  /** Every worker, with the tasks of this tenant that it runs. @throws unavailable */
  listWorkers(tenant: string): Promise<Schemas['WorkerList']>;
  /** Gives a server that bull-board has an adapter for the pages of the task queue; nothing can be changed there. */
  showQueues(server: IServerAdapter): void;
  close(): Promise<void>;
}
