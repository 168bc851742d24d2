import { queryOptions } from '@tanstack/react-query';
import { answered, type Event, type MetricSeries } from '../../client/src/index.js';
import { type Schemas, strata } from './server.js';

// Answers of the server that pages read, by key. A key begins with its subject, so that `['job', id]` refreshes all of a job.

/** Time between two looks at what no event tells of. */
const LOOK_MS = 3_000;
const POINTS = 1_000;

export type JobsQuery = NonNullable<Parameters<typeof strata.jobs.list>[0]>;

const JOBS_PER_PAGE = 50;

export const jobsQuery = (query: JobsQuery) =>
  queryOptions({
    queryKey: ['jobs', query],
    queryFn: () => strata.jobs.list({ limit: JOBS_PER_PAGE, ...query }),
    refetchInterval: LOOK_MS,
  });

export const jobQuery = (id: string) =>
  queryOptions({ queryKey: ['job', id], queryFn: () => strata.jobs.get(id) });

export const sweepsQuery = () =>
  queryOptions({
    queryKey: ['sweeps'],
    queryFn: async () => (await strata.sweeps.list({ limit: JOBS_PER_PAGE })).data,
    refetchInterval: LOOK_MS,
  });

export const sweepQuery = (id: string) =>
  queryOptions({
    queryKey: ['sweep', id],
    queryFn: () => strata.sweeps.get(id),
    refetchInterval: LOOK_MS,
  });

export const trialsQuery = (id: string) =>
  queryOptions({
    queryKey: ['sweep', id, 'trials'],
    queryFn: () => strata.sweeps.trials(id),
    refetchInterval: LOOK_MS,
  });

export const tasksQuery = (id: string) =>
  queryOptions({ queryKey: ['job', id, 'tasks'], queryFn: () => strata.jobs.tasks(id) });

export const attemptsQuery = (id: string) =>
  queryOptions({ queryKey: ['job', id, 'attempts'], queryFn: () => strata.jobs.attempts(id) });

/** Time between two looks at what a job has used. The server reads all its attempts for an answer. */
const USAGE_MS = 10_000;

/** Not read again after each event, as what is about a job otherwise is. */
export const usageQuery = ({ id, finished_at: end }: Schemas['Job']) =>
  queryOptions({
    queryKey: ['usage', id, end],
    queryFn: () => strata.jobs.usage(id),
    refetchInterval: end === null ? USAGE_MS : false,
  });

/** Reads everything once, then what was written since, until the added points are many. */
export const metricsQuery = (id: string, isRunning = false) =>
  queryOptions({
    queryKey: ['job', id, 'metrics'],
    refetchInterval: isRunning ? LOOK_MS : false,
    queryFn: ({ client, queryKey }) => {
      const known = client.getQueryData<MetricSeries[]>(queryKey) ?? [];
      const isLong = known.some(({ points }) => points.length > 2 * POINTS);
      return strata.jobs.newMetrics(id, isLong ? [] : known, { points: POINTS });
    },
  });

const EVENTS_PER_PAGE = 1_000;
/** Number of events that a page keeps: a job may have tens of thousands. */
const KEPT_EVENTS = 500;

/** The newest events, oldest first: all of them are read once, then those that follow. */
export const eventsQuery = (id: string) =>
  queryOptions({
    queryKey: ['job', id, 'events'],
    queryFn: async ({ client, queryKey }) => {
      let events = client.getQueryData<readonly Event[]>(queryKey) ?? [];
      for (let more = true; more; ) {
        const after = events.at(-1)?.seq ?? 0;
        const page = await strata.jobs.events(id, { after, limit: EVENTS_PER_PAGE });
        events = [...events, ...page.data].slice(-KEPT_EVENTS);
        more = page.has_more;
      }
      return events;
    },
  });

export const checkpointsQuery = (id: string) =>
  queryOptions({
    queryKey: ['job', id, 'checkpoints'],
    queryFn: async () =>
      (await answered(strata.http.GET('/jobs/{id}/checkpoints', { params: { path: { id } } }))).data,
  });

export const artifactsQuery = (id: string) =>
  queryOptions({ queryKey: ['job', id, 'artifacts'], queryFn: () => strata.artifacts.list(id) });

const LOG_LINES = 1_000;

export const logsQuery = (id: string, task: string) =>
  queryOptions({
    queryKey: ['job', id, 'logs', task],
    queryFn: async () => {
      const query = { limit: LOG_LINES, ...(task !== '' && { task }) };
      const { data } = await strata.http.GET('/jobs/{id}/logs', { params: { path: { id }, query } });
      return (data as Schemas['LogList'] | undefined)?.data ?? [];
    },
  });

export const modelsQuery = () =>
  queryOptions({
    queryKey: ['models'],
    queryFn: async () => (await strata.models.list({ limit: JOBS_PER_PAGE })).data,
  });

export const modelQuery = (id: string) =>
  queryOptions({ queryKey: ['model', id], queryFn: () => strata.models.get(id) });

/** The first names of models, in order. */
export const registeredNamesQuery = () =>
  queryOptions({
    queryKey: ['registry'],
    queryFn: async () => (await strata.registry.list({ limit: 100 })).data,
    refetchInterval: LOOK_MS,
  });

export const registeredModelQuery = (name: string) =>
  queryOptions({
    queryKey: ['registry', name],
    queryFn: () => strata.registry.get(name),
    refetchInterval: LOOK_MS,
  });

/** The newest promotions of a name. Others decide about them. */
export const promotionsQuery = (name: string) =>
  queryOptions({
    queryKey: ['registry', name, 'promotions'],
    queryFn: () => strata.registry.promotions(name),
    refetchInterval: LOOK_MS,
  });

/** The newest reproductions of a model. Unfinished ones change by themselves. */
export const reproductionsQuery = (model: string) =>
  queryOptions({
    queryKey: ['reproductions', model],
    queryFn: () => strata.models.reproductions(model),
    refetchInterval: LOOK_MS,
  });

export const lineageQuery = (model: string) =>
  queryOptions({ queryKey: ['lineage', model], queryFn: () => strata.models.lineage(model) });

/** The newest batch predictions, of all models or of one. Those under way change by themselves. */
export const batchesQuery = (model?: string) =>
  queryOptions({
    queryKey: ['batches', model ?? null],
    queryFn: async () =>
      (await strata.batches.list({ limit: JOBS_PER_PAGE, ...(model !== undefined && { model }) })).data,
    refetchInterval: LOOK_MS,
  });

export const batchQuery = (id: string) =>
  queryOptions({
    queryKey: ['batch', id],
    queryFn: () => strata.batches.get(id),
    refetchInterval: LOOK_MS,
  });

/** The newest evaluations: all, those of a model, or those of the checkpoints of a job. Those under way change by themselves. */
export const evaluationsQuery = (
  about: { readonly model: string } | { readonly job: string } | null = null,
) =>
  queryOptions({
    queryKey: ['evaluations', about],
    queryFn: async () => (await strata.evaluations.list({ limit: JOBS_PER_PAGE, ...about })).data,
    refetchInterval: LOOK_MS,
  });

export const evaluationResourceQuery = (id: string) =>
  queryOptions({
    queryKey: ['evaluation', id],
    queryFn: () => strata.evaluations.get(id),
    refetchInterval: ({ state }) => (state.data?.finished_at === null ? LOOK_MS : false),
  });

export const evaluationComparisonQuery = (a: string, b: string) =>
  queryOptions({
    queryKey: ['evaluation', a, 'comparison', b],
    queryFn: () => strata.evaluations.compare(a, b),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const slicesQuery = (id: string, slices: Schemas['Slice'][]) =>
  queryOptions({
    queryKey: ['evaluation', id, 'slices', slices],
    queryFn: () => strata.evaluations.slices(id, slices),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Pictures on a page. */
export const PICTURES_PER_PAGE = 24;

/** The predictions of a model on the test images never change. */
export const evaluationQuery = (id: string, variant: Schemas['ModelVariantName']) =>
  queryOptions({
    queryKey: ['model', id, 'evaluation', variant],
    queryFn: () => strata.models.evaluation(id, variant),
    staleTime: Number.POSITIVE_INFINITY,
  });

interface ErrorsQuery {
  readonly variant: Schemas['ModelVariantName'];
  readonly label?: number;
  readonly predicted?: number;
  readonly offset: number;
}

export const modelErrorsQuery = (id: string, query: ErrorsQuery) =>
  queryOptions({
    queryKey: ['model', id, 'errors', query],
    queryFn: () => strata.models.errors(id, { limit: PICTURES_PER_PAGE, ...query }),
  });

export const statisticsQuery = (id: string) =>
  queryOptions({ queryKey: ['dataset', id, 'statistics'], queryFn: () => strata.datasets.statistics(id) });

interface SamplesQuery {
  readonly split: Schemas['SplitName'];
  readonly label?: number;
  readonly offset: number;
}

export const samplesQuery = (id: string, query: SamplesQuery) =>
  queryOptions({
    queryKey: ['dataset', id, 'samples', query],
    queryFn: () => strata.datasets.images(id, { limit: PICTURES_PER_PAGE, ...query }),
  });

export const weightsQuery = () =>
  queryOptions({ queryKey: ['weights'], queryFn: () => strata.weights.list() });

export const datasetsQuery = () =>
  queryOptions({
    queryKey: ['datasets'],
    queryFn: () => strata.datasets.list(),
    refetchInterval: LOOK_MS,
  });

export const datasetQuery = (id: string) =>
  queryOptions({
    queryKey: ['dataset', id],
    queryFn: () => strata.datasets.get(id),
    refetchInterval: ({ state }) => (state.data?.state === 'validating' ? LOOK_MS : false),
  });

export const workersQuery = () =>
  queryOptions({
    queryKey: ['workers'],
    queryFn: () => strata.workers.list(),
    refetchInterval: LOOK_MS,
  });

export const healthQuery = () =>
  queryOptions({
    queryKey: ['health'],
    queryFn: async () => {
      const { data } = await strata.http.GET('/health/ready');
      return data ?? null;
    },
    refetchInterval: LOOK_MS,
  });

/** Who the caller is. */
export const sessionQuery = () =>
  queryOptions({ queryKey: ['session'], queryFn: () => strata.session.get(), staleTime: 60_000 });

export const keysQuery = () =>
  queryOptions({
    queryKey: ['keys'],
    queryFn: async () => (await answered(strata.http.GET('/api-keys'))).data,
  });

export const webhooksQuery = () =>
  queryOptions({
    queryKey: ['webhooks'],
    queryFn: async () => (await answered(strata.http.GET('/webhooks'))).data,
  });

/** The newest messages of a webhook. A pending one changes by itself. */
export const deliveriesQuery = (id: string) =>
  queryOptions({
    queryKey: ['webhooks', id, 'deliveries'],
    queryFn: async () => {
      const params = { path: { id }, query: { limit: 20 } };
      return (await answered(strata.http.GET('/webhooks/{id}/deliveries', { params }))).data;
    },
    refetchInterval: LOOK_MS,
  });
