import type { IServerAdapter } from '@bull-board/api/typings/app';
import type { Principal } from './access.js';
import type { components } from './generated/openapi.js';
import type { ImportOptions } from './importer-protocol.js';
import type { ModelsClient } from './models-client.js';
import type { JobSpec } from './spec.js';

type Schemas = components['schemas'];
export type Job = Schemas['Job'];
export type Event = Schemas['Event'];
export type LogLine = Schemas['LogLine'];
export type Artifact = Schemas['Artifact'];
export type Dataset = Schemas['Dataset'];

export interface CreateJobOptions {
  /** With `bodyHash`, a hash of the spec: the same key with another hash is refused. */
  readonly idempotencyKey?: string | undefined;
  readonly bodyHash?: string | undefined;
  /** Check and answer the job it would become, with id `dry_run`; store nothing. */
  readonly dryRun?: boolean | undefined;
  /** W3C traceparent of what creates the job: its tasks are traced under it. */
  readonly traceparent?: string | null | undefined;
}

export interface JobFilter {
  /** The `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
  readonly state?: Schemas['JobState'] | undefined;
  /** Pairs a job must carry, all of them. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** An upload on disk that belongs to nothing yet. */
export interface ReceivedUpload {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Deletes it, unless a dataset was made of it. */
  discard(): Promise<void>;
}

/** What a worker is to fetch. */
export interface RemoteSource {
  readonly url: string;
}

/** What is to become of an upload. */
export type DatasetRequest = ImportOptions & { readonly name: string; readonly sha256: string | null };

/** How often something was asked for in the present window of time. */
export interface RequestCount {
  /** This time included. */
  readonly count: number;
  /** Until the count begins anew. */
  readonly remainingMs: number;
}

/** The jobs of every tenant. What a caller may see of them is asked of a client of the caller's tenant. */
export interface JobsService {
  /** Another tenant's ids name nothing there, as if they had never been given. */
  forTenant(tenant: string): JobsClient;
  /** Who holds this key, or null where nobody does: it is none of ours, or revoked. @throws unavailable */
  authenticate(key: string): Promise<Principal | null>;
  /** Whether no key was ever made. @throws unavailable */
  isOpen(): Promise<boolean>;
  /** Counts one more request for all API processes together. @throws Error where Redis does not answer at once */
  countRequest(key: string, windowMs: number): Promise<RequestCount>;
  /** What queue, workers and dispatchers are at, in Prometheus' text format, all tenants together. @throws unavailable */
  metrics(): Promise<string>;
  /** Gives a server that bull-board has an adapter for the pages of the task queue; nothing can be changed there. */
  showQueues(server: IServerAdapter): void;
  close(): Promise<void>;
}

export interface LogFilter {
  /** Only lines with a greater seq. */
  readonly after: number;
  /** Only lines of the task with this key. */
  readonly task?: string | undefined;
}

export interface MetricFilter {
  readonly names?: readonly string[] | undefined;
  readonly stage?: number | undefined;
}

/** One point with what its series is called. */
export interface MetricPoint {
  readonly name: string;
  readonly stage: number | null;
  readonly unit: string | null;
  readonly step: number;
  readonly value: number;
  readonly attempt: number;
  /** RFC 3339. */
  readonly at: string;
}

/**
 * All that the API may ask of one tenant's jobs. Every failure is a StrataError; where an id names nothing, methods that take a
 * job's id throw `not_found`, and the `get...` methods answer null.
 */
export interface JobsClient extends ModelsClient {
  /** @throws invalid_spec, idempotency_key_reused, idempotency_in_flight */
  createJob(spec: JobSpec, options: CreateJobOptions): Promise<{ job: Job; replayed: boolean }>;
  /** What a job would cost. @throws invalid_spec, precision_unavailable */
  createPlan(request: Schemas['PlanRequest']): Promise<Schemas['Plan']>;
  /** Has a worker measure a job's network, unless that was done. @throws invalid_spec, precision_unavailable, limit_reached */
  createProfile(request: Schemas['ProfileRequest']): Promise<Schemas['Profile']>;
  getProfile(id: string): Promise<Schemas['Profile'] | null>;
  getJob(id: string): Promise<Job | null>;
  /** Cheaper, where nothing else of the job is needed. */
  getJobState(id: string): Promise<Schemas['JobState'] | null>;
  listJobs(filter: JobFilter): Promise<Schemas['JobList']>;
  /** @throws job_finished */
  cancelJob(id: string, options: { readonly force: boolean }): Promise<Job>;
  /** @throws job_finished */
  pauseJob(id: string): Promise<Job>;
  /** @throws job_finished */
  resumeJob(id: string): Promise<Job>;
  /** Deletes a finished job with all that belongs to it. @throws job_unfinished, job_has_model */
  deleteJob(id: string): Promise<void>;
  listTasks(jobId: string): Promise<Schemas['TaskList']>;
  /** Events with a seq above `after`, in order. */
  listEvents(
    jobId: string,
    page: { readonly after: number; readonly limit: number },
  ): Promise<Schemas['EventList']>;
  /** The same, and each new one as it happens; ends after the job's last event, or when `signal` aborts. */
  followEvents(jobId: string, after: number, signal: AbortSignal): AsyncIterable<Event>;
  /** Lines that the job's trainers printed, in order. */
  listLogs(jobId: string, page: LogFilter & { readonly limit: number }): Promise<Schemas['LogList']>;
  /** The same, and each new one as it comes; ends after the job's last line, or when `signal` aborts. */
  followLogs(jobId: string, filter: LogFilter, signal: AbortSignal): AsyncIterable<LogLine>;
  /** Of longer series `points` points are chosen. */
  listMetrics(
    jobId: string,
    filter: MetricFilter & { readonly points: number },
  ): Promise<Schemas['MetricList']>;
  /** Every point of the same series, in the same order. */
  streamMetrics(jobId: string, filter: MetricFilter): Promise<AsyncIterable<MetricPoint>>;
  /** Places in its training that another job could start from, in order. */
  listCheckpoints(jobId: string): Promise<Schemas['CheckpointList']>;
  /** @throws not_found */
  listJobTrackers(jobId: string): Promise<Schemas['TrackerExportList']>;
  /** @throws not_found, forbidden_target, limit_reached */
  handOverJob(jobId: string, tracker: Schemas['Tracker']): Promise<Schemas['TrackerExport']>;
  listArtifacts(jobId: string): Promise<Schemas['ArtifactList']>;
  getArtifact(id: string): Promise<Artifact | null>;
  /** A path on this host at which the artifact's bytes lie. @throws not_found, blob_missing */
  openArtifact(id: string): Promise<{ path: string; artifact: Artifact }>;
  /** Writes an upload to disk. @throws upload_too_large, and what the stream ends with */
  receiveUpload(bytes: AsyncIterable<Uint8Array>): Promise<ReceivedUpload>;
  /**
   * Makes a dataset of it, to be fetched where it is remote, and validated.
   * @throws invalid_request, forbidden_target, checksum_mismatch, dataset_exists, limit_reached
   */
  createDataset(request: DatasetRequest, from: ReceivedUpload | RemoteSource): Promise<Dataset>;
  listDatasets(page: {
    readonly after?: string | undefined;
    readonly limit: number;
  }): Promise<Schemas['DatasetList']>;
  /** @param id or its name */
  getDataset(id: string): Promise<Dataset | null>;
  /** @throws not_found, dataset_in_use */
  deleteDataset(id: string): Promise<void>;
  listWorkers(): Promise<Schemas['WorkerList']>;
  /** The key's text is in the answer and nowhere else. @throws invalid_request, limit_reached */
  createApiKey(request: Schemas['ApiKeyRequest']): Promise<Schemas['CreatedApiKey']>;
  listApiKeys(): Promise<Schemas['ApiKeyList']>;
  getApiKey(id: string): Promise<Schemas['ApiKey'] | null>;
  /** @throws not_found */
  revokeApiKey(id: string): Promise<void>;
  /** The signing secret is in the answer and nowhere else. @throws forbidden_target, limit_reached */
  createWebhook(request: Schemas['WebhookRequest']): Promise<Schemas['CreatedWebhook']>;
  listWebhooks(): Promise<Schemas['WebhookList']>;
  getWebhook(id: string): Promise<Schemas['Webhook'] | null>;
  /** @throws not_found */
  deleteWebhook(id: string): Promise<void>;
  /** @throws not_found */
  testWebhook(id: string): Promise<Schemas['WebhookDelivery']>;
  /** Newest first. @throws not_found */
  listWebhookDeliveries(
    id: string,
    page: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<Schemas['WebhookDeliveryList']>;
  /** @param id of a delivery. @throws not_found */
  redeliver(id: string): Promise<Schemas['WebhookDelivery']>;
  /** Never throws: a part that does not answer is `down`. */
  health(): Promise<Schemas['Dependencies']>;
}
