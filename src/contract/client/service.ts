import type { IServerAdapter } from '@bull-board/api/typings/app';
import type { Principal } from '../access.js';
import type { components } from '../generated/openapi.js';
import type { TenantClient } from './tenant.js';
import type { UploadTurns } from './uploads.js';

type Schemas = components['schemas'];

/** Number of requests in the current time window. */
export interface RequestCount {
  /** Includes this request. */
  readonly count: number;
  /** Time until the window ends. */
  readonly remainingMs: number;
}

/** The jobs of every tenant, and the state of the service. */
export interface JobsService {
  /** Version of Strata. */
  readonly version: string;
  /** A client that sees only the rows of this tenant. Ids of other tenants do not exist for it. */
  forTenant(tenant: string): TenantClient;
  /** The principal of this key; null for an unknown or revoked key. @throws unavailable */
  authenticate(key: string): Promise<Principal | null>;
  /** Begins a session of a browser. @returns its text, which stands for the key until it expires */
  sealSession(key: string): Promise<{ readonly text: string; readonly expiresAt: Date }>;
  /** The session with this text; null for one that has ended, and for other texts. The key may be revoked. */
  openSession(text: string): Promise<{ readonly key: string; readonly expiresAt: Date } | null>;
  /** Whether no key was ever created. @throws unavailable */
  isOpen(): Promise<boolean>;
  /** Counts a request, together with all API processes. @throws Error if Redis does not respond quickly */
  countRequest(key: string, windowMs: number): Promise<RequestCount>;
  /** Counts uploads in pieces no longer that are older than this and not among those on the disk. @throws unavailable */
  forgetUploads(kept: readonly string[], olderThanMs: number): Promise<void>;
  /** Turns of API processes at uploads in a place that they share. */
  readonly uploadTurns: UploadTurns;
  /** State of queue, workers and dispatchers of all tenants, in Prometheus' text format. @throws unavailable */
  getMetrics(): Promise<string>;
  /** Never throws: a part that does not respond is `down`. */
  getReadiness(): Promise<Omit<Schemas['Health'], 'status'>>;
  /** All workers, each with the tasks of this tenant that it runs. @throws unavailable */
  listWorkers(tenant: string): Promise<Schemas['WorkerList']>;
  /** Lets a worker end its tasks and take no others. @throws not_found, operator_only, unavailable */
  drainWorker(tenant: string, id: string): Promise<Schemas['Worker']>;
  /** Mounts the read-only pages of the task queue on a server for which bull-board has an adapter. */
  showQueues(server: IServerAdapter): void;
  close(): Promise<void>;
}
