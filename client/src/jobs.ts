import {
  type FollowEventsOptions,
  type FollowOptions,
  followEvents,
  followJob,
  followLog,
} from './follow.js';
import type { components, operations } from './generated/openapi.js';
import { answered, type Connection, emptied } from './http.js';
import { type MetricSeries, newestTime, withIncrement } from './metrics.js';
import { everyItem } from './pages.js';
import { isPassing, pause, retried, waitMs } from './retry.js';

type Schemas = components['schemas'];
export type Job = Schemas['Job'];
export type Event = Schemas['Event'];
type ListQuery = NonNullable<operations['listJobs']['parameters']['query']>;
type EventQuery = NonNullable<operations['listJobEvents']['parameters']['query']>;
type MetricQuery = NonNullable<operations['listJobMetrics']['parameters']['query']>;

/** Request type: fields with a default are optional, on every level. */
export type Sent<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]?: Sent<T[K]> }
    : T;
export type NewJob = Sent<Omit<Schemas['JobSpec'], 'dataset'>> & Pick<Schemas['JobSpec'], 'dataset'>;

export type JobExtension = Sent<Schemas['JobExtension']> & Pick<Schemas['JobExtension'], 'epochs'>;

export interface CreateOptions {
  /** Two calls with the same key create one job, within 24 hours. Absent: each call uses its own key. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

const WAIT_S = 30;

export function jobsApi(connection: Connection) {
  const { http } = connection;
  const at = (id: string) => ({ path: { id } });
  const get = (
    id: string,
    { wait = 0, signal }: { readonly wait?: number; readonly signal?: AbortSignal } = {},
  ): Promise<Job> =>
    answered(http.GET('/jobs/{id}', { params: { ...at(id), query: { wait } }, ...(signal && { signal }) }));
  const list = (query: ListQuery = {}): Promise<Schemas['JobList']> =>
    answered(http.GET('/jobs', { params: { query } }));
  const metrics = async (id: string, query: MetricQuery = {}): Promise<MetricSeries[]> => {
    const found = await answered(http.GET('/jobs/{id}/metrics', { params: { ...at(id), query } }));
    // Without an Accept header for lines, the response is JSON.
    return (found as Schemas['MetricList']).data;
  };

  return {
    get,
    list,
    /** Stores a job and returns it. Retries while the server does not answer. @throws StrataProblem */
    async create(spec: NewJob, options: CreateOptions = {}): Promise<Job> {
      const key = options.idempotencyKey ?? crypto.randomUUID();
      return retried(options.signal, () =>
        answered(
          http.POST('/jobs', {
            params: { header: { 'Idempotency-Key': key } },
            body: spec as Schemas['JobSpec'],
            ...(options.signal && { signal: options.signal }),
          }),
        ),
      );
    },
    /** Returns the job that a spec would create, with every default filled in. Nothing is stored. */
    check: (spec: NewJob): Promise<Job> =>
      answered(
        http.POST('/jobs', { params: { query: { dry_run: true } }, body: spec as Schemas['JobSpec'] }),
      ),
    /** Yields every job that the query matches, newest first. */
    all: (query: Omit<ListQuery, 'after'> = {}): AsyncGenerator<Job> =>
      everyItem((after) => list(after === null ? query : { ...query, after })),
    follow: (id: string, options?: FollowOptions): AsyncGenerator<Event> =>
      followJob(connection, id, options),
    /** Events of all jobs, as they come, over one connection. */
    followAll: (options?: FollowEventsOptions) => followEvents(connection, options),
    /** Events of a job after a seq: the next ones, at most `limit`. */
    events: (id: string, query: EventQuery = {}): Promise<Schemas['EventList']> =>
      answered(http.GET('/jobs/{id}/events', { params: { ...at(id), query } })) as Promise<
        Schemas['EventList']
      >,
    /**
     * Waits for the end of the job, whatever its final state is, also while the server is down in between. @throws
     * StrataProblem for an error that a retry cannot fix; the reason of `signal`
     */
    async ended(id: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Job> {
      for (let failures = 0; ; ) {
        signal?.throwIfAborted();
        try {
          const job = await get(id, { wait: WAIT_S, ...(signal && { signal }) });
          if (job.finished_at !== null) return job;
          failures = 0;
        } catch (error) {
          signal?.throwIfAborted();
          if (!isPassing(error)) throw error;
          await pause(waitMs(error, failures), signal);
          failures += 1;
        }
      }
    },
    /** Lines that the trainers of the job print, as they come. It reconnects like `follow`. */
    followLog: (id: string, options?: FollowOptions & { readonly task?: string }) =>
      followLog(connection, id, options),
    /** Changes name, notes or metadata, or archives a job that has ended. Fields that are left out keep their values. */
    update: (id: string, changes: Schemas['JobUpdate']): Promise<Job> =>
      answered(http.PATCH('/jobs/{id}', { params: at(id), body: changes })),
    cancel: (id: string, body: Partial<Schemas['CancelRequest']> = {}): Promise<Job> =>
      answered(http.POST('/jobs/{id}/cancel', { params: at(id), body: body as Schemas['CancelRequest'] })),
    /** Running tasks write a checkpoint first; `resume` continues from it. */
    pause: (id: string): Promise<Job> => answered(http.POST('/jobs/{id}/pause', { params: at(id) })),
    resume: (id: string): Promise<Job> => answered(http.POST('/jobs/{id}/resume', { params: at(id) })),
    /**
     * Trains a job that has succeeded for more epochs, in a job of its own. Retries while the server does not answer. @throws
     * StrataProblem `job_not_extendable`
     */
    async extend(id: string, extension: JobExtension, options: CreateOptions = {}): Promise<Job> {
      const key = options.idempotencyKey ?? crypto.randomUUID();
      return retried(options.signal, () =>
        answered(
          http.POST('/jobs/{id}/extend', {
            params: { ...at(id), header: { 'Idempotency-Key': key } },
            body: extension as Schemas['JobExtension'],
            ...(options.signal && { signal: options.signal }),
          }),
        ),
      );
    },
    /** Deletes a job that has ended, with its files. @throws StrataProblem `job_has_model` while a model needs it */
    delete: (id: string): Promise<void> => emptied(http.DELETE('/jobs/{id}', { params: at(id) })),
    tasks: async (id: string): Promise<Schemas['Task'][]> =>
      (await answered(http.GET('/jobs/{id}/tasks', { params: at(id) }))).data,
    /** Every attempt at a task of the job, in order of the start. */
    attempts: async (id: string): Promise<Schemas['Attempt'][]> =>
      (await answered(http.GET('/jobs/{id}/attempts', { params: at(id) }))).data,
    /** Seconds and bytes that the job has used so far. */
    usage: (id: string): Promise<Schemas['JobUsage']> =>
      answered(http.GET('/jobs/{id}/usage', { params: at(id) })),
    metrics,
    /** The metrics that `known` has, with what was written since: new points, and those that a repeated attempt wrote again. */
    async newMetrics(
      id: string,
      known: readonly MetricSeries[],
      query: Omit<MetricQuery, 'since'> = {},
    ): Promise<MetricSeries[]> {
      const since = newestTime(known);
      return since === null
        ? metrics(id, query)
        : withIncrement(known, await metrics(id, { ...query, since }));
    },
  };
}
