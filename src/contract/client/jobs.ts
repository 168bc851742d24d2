import type { components } from '../generated/openapi.js';
import type { JobSpec } from '../spec.js';

type Schemas = components['schemas'];
export type Job = Schemas['Job'];
export type Event = Schemas['Event'];
/** An event with the job that it belongs to. */
export type TenantEvent = Schemas['TenantEvent'];
export type LogLine = Schemas['LogLine'];
export type Artifact = Schemas['Artifact'];

/** A file on this host, or an address in the bucket from which whoever has it can download the bytes for a short while. */
export type ArtifactPlace =
  | { readonly artifact: Artifact; readonly path: string }
  | { readonly artifact: Artifact; readonly url: string };

/** A valid JobSpec as it was sent: fields that were left out are missing. */
export type SentSpec = Readonly<Record<string, unknown>> & {
  readonly trackers?: readonly Schemas['Tracker'][];
};

export interface CreateJobOptions {
  /** Values that the user sent, if anything was filled in since. It becomes the `requested` of the job. */
  readonly sent?: SentSpec | undefined;
  /** Used with `bodyHash`, a hash of the spec: the same key with another hash is rejected. */
  readonly idempotencyKey?: string | undefined;
  readonly bodyHash?: string | undefined;
  /** Checks the spec and returns the job that it would create, with id `dry_run`. Nothing is stored. */
  readonly dryRun?: boolean | undefined;
  /** W3C traceparent of the request that creates the job. The tasks of the job are traced under it. */
  readonly traceparent?: string | null | undefined;
  /** Id of the API key that submits it; null on a server without keys. */
  readonly actor?: string | null | undefined;
}

export interface JobFilter {
  /** The `next` of the previous page. */
  readonly after?: string | undefined;
  readonly limit: number;
  /** Absent: every state. */
  readonly state?: readonly Schemas['JobState'][] | undefined;
  /** Words of the name or the notes, or the beginning of an id. */
  readonly q?: string | undefined;
  /** Id or name. */
  readonly dataset?: string | undefined;
  /** Only jobs of the sweep with this id. */
  readonly sweep?: string | undefined;
  readonly createdAfter?: Date | undefined;
  readonly createdBefore?: Date | undefined;
  /** True: only archived jobs; absent or false: only the others. */
  readonly archived?: boolean | undefined;
  /** Absent: created_at. */
  readonly order_by?: 'created_at' | 'accuracy' | undefined;
  /** Metadata pairs that a job must have, all of them. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export interface EventFilter {
  /** Only events at this time or later. Null: those of the last minute. */
  readonly since: Date | null;
  /** Only events of these types; absent: all of them. */
  readonly types?: readonly string[] | undefined;
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
  /** The first and the last step, both included. */
  readonly fromStep?: number | undefined;
  readonly toStep?: number | undefined;
}

/** One point with the name of its series. */
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
 * The jobs of one tenant and their results. A method that takes an id throws `not_found` for an unknown id; the
 * `get...` methods return null instead.
 */
export interface JobsClient {
  /** @throws invalid_spec, idempotency_key_reused, idempotency_in_flight */
  createJob(spec: JobSpec, options: CreateJobOptions): Promise<{ job: Job; replayed: boolean }>;
  /**
   * Creates a job that trains one that has succeeded for more epochs. @throws job_unfinished, job_not_extendable,
   * quota_reached, idempotency_key_reused, idempotency_in_flight
   */
  extendJob(
    id: string,
    extension: Required<Schemas['JobExtension']>,
    options: Pick<CreateJobOptions, 'idempotencyKey' | 'bodyHash' | 'actor' | 'traceparent'>,
  ): Promise<{ job: Job; replayed: boolean }>;
  getJob(id: string): Promise<Job | null>;
  /** Cheaper than `getJob`, for callers that need only the state. */
  getJobState(id: string): Promise<Schemas['JobState'] | null>;
  listJobs(filter: JobFilter): Promise<Schemas['JobList']>;
  /** A field that is left out keeps its value. @throws job_unfinished when it is to be archived before its end */
  updateJob(id: string, changes: Schemas['JobUpdate']): Promise<Job>;
  /** @throws job_finished */
  cancelJob(id: string, options: { readonly force: boolean }): Promise<Job>;
  /** @throws job_finished */
  pauseJob(id: string): Promise<Job>;
  /** @throws job_finished */
  resumeJob(id: string): Promise<Job>;
  /** Deletes a finished job and everything that belongs to it. @throws job_unfinished, job_has_model */
  deleteJob(id: string): Promise<void>;
  listJobTasks(jobId: string): Promise<Schemas['TaskList']>;
  /** Every attempt at a task of the job, in order of the start. */
  listJobAttempts(jobId: string): Promise<Schemas['AttemptList']>;
  getJobUsage(jobId: string): Promise<Schemas['JobUsage']>;
  /** Events with a seq above `after`, in order. */
  listJobEvents(
    jobId: string,
    page: { readonly after: number; readonly limit: number },
  ): Promise<Schemas['EventList']>;
  /**
   * Like `listJobEvents`, followed by each new event. Ends after the last event of the job, or when `signal`
   * aborts.
   */
  followJobEvents(jobId: string, after: number, signal: AbortSignal): AsyncIterable<Event>;
  /** Events of all jobs by their time; those of more than a day ago are left out. */
  listEvents(filter: EventFilter & { readonly limit: number }): Promise<Schemas['TenantEventList']>;
  /** Like `listEvents`, followed by each new event, until `signal` aborts. An event comes once, in order within its job. */
  followEvents(filter: EventFilter, signal: AbortSignal): AsyncIterable<TenantEvent>;
  /** Lines that the trainers of the job printed, in order. */
  listJobLogs(jobId: string, page: LogFilter & { readonly limit: number }): Promise<Schemas['LogList']>;
  /**
   * Like `listJobLogs`, followed by each new line. Ends after the last line of the job, or when `signal` aborts.
   */
  followJobLogs(jobId: string, filter: LogFilter, signal: AbortSignal): AsyncIterable<LogLine>;
  /** Longer series are reduced to `points` points. `since`: only points that were written at this time or later. */
  listJobMetrics(
    jobId: string,
    filter: MetricFilter & { readonly points: number; readonly since?: Date | undefined },
  ): Promise<Schemas['MetricList']>;
  /** Every point of the same series, in the same order. */
  streamJobMetrics(jobId: string, filter: MetricFilter): Promise<AsyncIterable<MetricPoint>>;
  /** Checkpoints from which another job could start, in training order. */
  listJobCheckpoints(jobId: string): Promise<Schemas['CheckpointList']>;
  listJobTrackers(jobId: string): Promise<Schemas['TrackerExportList']>;
  /** @throws forbidden_target, limit_reached */
  handOverJob(jobId: string, tracker: Schemas['Tracker']): Promise<Schemas['TrackerExport']>;
  listJobArtifacts(jobId: string): Promise<Schemas['ArtifactList']>;
  /** The artifacts of a job, each with the path of its bytes on this host. @throws blob_missing, blob_corrupt */
  downloadJobArtifacts(jobId: string): Promise<{ path: string; artifact: Artifact }[]>;
  getArtifact(id: string): Promise<Artifact | null>;
  /**
   * The place of the artifact's bytes.
   * @param dispositionOf Content-Disposition for a name. With it, the answer may be an address; absent: it is a path
   * @throws not_found, blob_missing
   */
  downloadArtifact(id: string, dispositionOf?: (name: string) => string): Promise<ArtifactPlace>;
}
