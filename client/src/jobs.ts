import { type FollowOptions, followJob } from './follow.js';
import type { components, operations } from './generated/openapi.js';
import { answered, type Connection } from './http.js';
import { everyItem } from './pages.js';
import { retried } from './retry.js';

type Schemas = components['schemas'];
export type Job = Schemas['Job'];
export type Event = Schemas['Event'];
type ListQuery = NonNullable<operations['listJobs']['parameters']['query']>;
type MetricQuery = NonNullable<operations['listJobMetrics']['parameters']['query']>;

/** Fields with a default may be left out of what is sent, on every level. */
type Sent<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: Sent<T[K]> } : T;
export type NewJob = Sent<Omit<Schemas['JobSpec'], 'dataset'>> & Pick<Schemas['JobSpec'], 'dataset'>;

export interface CreateOptions {
  /** Two calls with the same key make one job, within 24 hours. Absent: a key of this call's own. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

const WAIT_S = 30;

export function jobsApi(connection: Connection) {
  const { http } = connection;
  const at = (id: string) => ({ path: { id } });
  const get = (id: string, { wait = 0 }: { readonly wait?: number } = {}): Promise<Job> =>
    answered(http.GET('/jobs/{id}', { params: { ...at(id), query: { wait } } }));
  const list = (query: ListQuery = {}): Promise<Schemas['JobList']> =>
    answered(http.GET('/jobs', { params: { query } }));

  return {
    get,
    list,
    /** Stores a job and answers it. Sent again while no answer comes. @throws StrataProblem */
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
    /** The job that a spec would become, every default filled in; nothing is stored. */
    check: (spec: NewJob): Promise<Job> =>
      answered(
        http.POST('/jobs', { params: { query: { dry_run: true } }, body: spec as Schemas['JobSpec'] }),
      ),
    /** Every job that the query matches, newest first, page by page. */
    all: (query: Omit<ListQuery, 'after'> = {}): AsyncGenerator<Job> =>
      everyItem((after) => list(after === null ? query : { ...query, after })),
    follow: (id: string, options?: FollowOptions): AsyncGenerator<Event> =>
      followJob(connection, id, options),
    /** The job once it has ended, whichever way. */
    async ended(id: string): Promise<Job> {
      for (;;) {
        const job = await get(id, { wait: WAIT_S });
        if (job.finished_at !== null) return job;
      }
    },
    cancel: (id: string, body: Partial<Schemas['CancelRequest']> = {}): Promise<Job> =>
      answered(http.POST('/jobs/{id}/cancel', { params: at(id), body: body as Schemas['CancelRequest'] })),
    tasks: async (id: string): Promise<Schemas['Task'][]> =>
      (await answered(http.GET('/jobs/{id}/tasks', { params: at(id) }))).data,
    async metrics(id: string, query: MetricQuery = {}): Promise<Schemas['MetricSeries'][]> {
      const list = await answered(http.GET('/jobs/{id}/metrics', { params: { ...at(id), query } }));
      // Without an Accept that names lines, the answer is JSON.
      return (list as Schemas['MetricList']).data;
    },
  };
}
