import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import { BUILT_IN_DATASETS } from '../../src/contract/datasets.js';
import { StrataError } from '../../src/contract/errors.js';
import type {
  Artifact,
  CreateJobOptions,
  Dataset,
  DatasetRequest,
  Event,
  Job,
  JobFilter,
  JobsClient,
  LogFilter,
  LogLine,
  ReceivedUpload,
  RemoteSource,
} from '../../src/contract/jobs-client.js';
import type { JobSpec } from '../../src/contract/spec.js';
import { isTerminal } from '../../src/contract/states.js';
import { makePlan } from '../../src/planning/forecast/forecast.js';
import { resolveSpec } from '../../src/planning/spec/resolve.js';
import { FakeModels } from './fake-models.js';
import {
  apiKeyOf,
  checkpointOf,
  complete,
  datasetOf,
  deliveryOf,
  jobOf,
  NOW,
  taskOf,
  trackerExportOf,
  WORKER,
  webhookOf,
} from './fixtures.js';

/** A whole JobsClient in memory: jobs never run by themselves, a test moves them with `record` and `finish`. */
export class FakeClient extends FakeModels implements JobsClient {
  readonly jobs = new Map<string, Job>();
  readonly events = new Map<string, Event[]>();
  readonly logs = new Map<string, LogLine[]>();
  readonly artifacts = new Map<string, { artifact: Artifact; path: string }>();
  readonly datasets = new Map<string, Dataset>();
  /** On disk, and nobody's. */
  readonly uploads = new Set<ReceivedUpload>();
  readonly apiKeys = new Map<string, ReturnType<typeof apiKeyOf>>();
  readonly trackers = new Map<string, ReturnType<typeof trackerExportOf>>();
  readonly profiles = new Map<string, Awaited<ReturnType<JobsClient['createProfile']>>>();
  readonly webhooks = new Map<string, ReturnType<typeof webhookOf>>();
  readonly deliveries = new Map<string, ReturnType<typeof deliveryOf>>();
  /** Answered by `health`; a test may change it. */
  dependencies = { postgres: 'up' as 'up' | 'down', redis: 'up' as 'up' | 'down', workers: 1 };
  /** Followers at work, to see that none is left behind. */
  followers = 0;
  readonly #keys = new Map<string, { hash: string | undefined; id: string }>();
  readonly #changes = new EventEmitter().setMaxListeners(0);

  async createJob(spec: JobSpec, options: CreateJobOptions) {
    if (!BUILT_IN_DATASETS.some(({ name }) => name === spec.dataset)) {
      const message = `There is no dataset ${spec.dataset}; GET /datasets lists them.`;
      throw new StrataError('invalid_spec', undefined, { errors: [{ pointer: '/dataset', message }] });
    }
    if (options.dryRun) return { job: jobOf('dry_run', spec), replayed: false };
    const first = options.idempotencyKey ? this.#keys.get(options.idempotencyKey) : undefined;
    if (first) {
      if (first.hash !== options.bodyHash) throw new StrataError('idempotency_key_reused');
      return { job: this.#job(first.id), replayed: true };
    }
    const job = jobOf(`job_${this.jobs.size + 1}`, spec);
    this.jobs.set(job.id, job);
    this.events.set(job.id, []);
    if (options.idempotencyKey) {
      this.#keys.set(options.idempotencyKey, { hash: options.bodyHash, id: job.id });
    }
    this.record(job.id, 'job.queued');
    return { job, replayed: false };
  }

  async createPlan({ job, devices }: Parameters<JobsClient['createPlan']>[0]) {
    const facts = BUILT_IN_DATASETS.find(({ name }) => name === job.dataset);
    if (facts === undefined) throw new StrataError('invalid_spec');
    const machine = { devices: devices ?? 2, memoryBytes: null, bytesPerSecond: 125e6 };
    return makePlan(resolveSpec(job, facts, 7), facts, { ...machine, profile: null, measured: null });
  }

  async createProfile({ job, device }: Parameters<JobsClient['createProfile']>[0]) {
    const profile = {
      ...{ id: `profile_${this.profiles.size + 1}`, object: 'profile' as const, state: 'queued' as const },
      ...{ device_kind: device ?? ('cpu' as const), device: null, batch_size: job.batch_size },
      ...{ step_seconds: null, parts: [], error: null, created_at: NOW, finished_at: null },
      links: { self: `/profiles/profile_${this.profiles.size + 1}` },
    };
    this.profiles.set(profile.id, profile);
    return profile;
  }

  async getProfile(id: string) {
    return this.profiles.get(id) ?? null;
  }

  async getJob(id: string) {
    return this.jobs.get(id) ?? null;
  }

  async getJobState(id: string) {
    return this.jobs.get(id)?.state ?? null;
  }

  async listJobs({ after, limit, state, metadata }: JobFilter) {
    const matching = [...this.jobs.values()]
      .reverse()
      .filter((job) => state === undefined || job.state === state)
      .filter((job) => Object.entries(metadata ?? {}).every(([key, value]) => job.metadata[key] === value));
    const rest =
      after === undefined ? matching : matching.slice(matching.findIndex(({ id }) => id === after) + 1);
    const data = rest.slice(0, limit);
    const hasMore = rest.length > limit;
    return { object: 'list' as const, data, has_more: hasMore, next: hasMore ? data.at(-1)!.id : null };
  }

  async cancelJob(id: string, { force }: { readonly force: boolean }) {
    const job = this.#job(id);
    if (job.state === 'succeeded' || job.state === 'failed') throw new StrataError('job_finished');
    this.jobs.set(id, { ...job, cancel_requested_at: NOW, state_reason: force ? 'forced' : 'asked' });
    return this.#job(id);
  }

  async deleteJob(id: string) {
    if (!isTerminal('job', this.#job(id).state)) throw new StrataError('job_unfinished');
    this.jobs.delete(id);
  }

  async pauseJob(id: string) {
    return this.#setPause(id, NOW);
  }

  async resumeJob(id: string) {
    return this.#setPause(id, null);
  }

  async listTasks(jobId: string) {
    const job = this.#job(jobId);
    return complete([taskOf(job.id)]);
  }

  async listEvents(jobId: string, { after, limit }: { after: number; limit: number }) {
    const rest = this.#events(jobId).filter(({ seq }) => seq > after);
    const data = rest.slice(0, limit);
    const hasMore = rest.length > limit;
    return { object: 'list' as const, data, has_more: hasMore, next: hasMore ? `${data.at(-1)!.seq}` : null };
  }

  followEvents(jobId: string, after: number, signal: AbortSignal): AsyncIterable<Event> {
    return this.#follow(jobId, after, signal, () => this.#events(jobId));
  }

  async listLogs(jobId: string, { after, task, limit }: LogFilter & { limit: number }) {
    const rest = this.#logs(jobId, task).filter(({ seq }) => seq > after);
    const data = rest.slice(0, limit);
    const hasMore = rest.length > limit;
    return { object: 'list' as const, data, has_more: hasMore, next: hasMore ? `${data.at(-1)!.seq}` : null };
  }

  followLogs(jobId: string, { after, task }: LogFilter, signal: AbortSignal): AsyncIterable<LogLine> {
    return this.#follow(jobId, after, signal, () => this.#logs(jobId, task));
  }

  async *#follow<T extends { seq: number }>(
    jobId: string,
    after: number,
    signal: AbortSignal,
    rows: () => readonly T[],
  ): AsyncIterable<T> {
    this.followers += 1;
    try {
      let seq = after;
      while (!signal.aborted) {
        const next = rows().find((row) => row.seq > seq);
        if (next) {
          yield next;
          seq = next.seq;
        } else if (isTerminal('job', this.#job(jobId).state)) return;
        else await once(this.#changes, 'change', { signal }).catch(() => undefined);
      }
    } finally {
      this.followers -= 1;
      this.#changes.emit('unfollowed');
    }
  }

  /** Resolves when no follower is left. */
  async unfollowed(): Promise<void> {
    while (this.followers > 0) await once(this.#changes, 'unfollowed');
  }

  async listMetrics(
    jobId: string,
    filter: { names?: readonly string[] | undefined; stage?: number | undefined; points: number },
  ) {
    this.#job(jobId);
    const points: [number, number, string][] = [
      [0, 2.5, NOW],
      [10, 0.125, NOW],
    ];
    const series = ['loss', 'accuracy'].map((name) => ({ name, stage: 0, unit: null, attempt: 1, points }));
    return complete(series.filter(({ name }) => filter.names?.includes(name) ?? true));
  }

  async streamMetrics(jobId: string, filter: { names?: readonly string[] | undefined }) {
    const { data } = await this.listMetrics(jobId, { ...filter, points: 2 });
    const points = data.flatMap(({ points, ...series }) =>
      points.map(([step, value, at]) => ({ ...series, step, value, at })),
    );
    return Readable.from(points);
  }

  async listArtifacts(jobId: string) {
    this.#job(jobId);
    return complete(
      [...this.artifacts.values()].map(({ artifact }) => artifact).filter((a) => a.job_id === jobId),
    );
  }

  async listCheckpoints(jobId: string) {
    this.#job(jobId);
    return complete([checkpointOf(jobId)]);
  }

  async getArtifact(id: string) {
    return this.artifacts.get(id)?.artifact ?? null;
  }

  async openArtifact(id: string) {
    const entry = this.artifacts.get(id);
    if (!entry) throw new StrataError('not_found', `There is no artifact with the id ${id}.`);
    return entry;
  }

  async receiveUpload(bytes: AsyncIterable<Uint8Array>) {
    let sizeBytes = 0;
    for await (const chunk of bytes) sizeBytes += chunk.length;
    const upload = {
      sha256: '0'.repeat(64),
      sizeBytes,
      discard: async () => void this.uploads.delete(upload),
    };
    this.uploads.add(upload);
    return upload;
  }

  async createDataset({ name }: DatasetRequest, from: ReceivedUpload | RemoteSource) {
    if (!('url' in from)) this.uploads.delete(from);
    const row = { ...datasetOf(BUILT_IN_DATASETS[0]!), id: 'dataset_1', name, built_in: false };
    const dataset = { ...row, state: 'validating' as const };
    this.datasets.set(dataset.id, dataset);
    return dataset;
  }

  async deleteDataset(id: string) {
    if (BUILT_IN_DATASETS.some(({ name }) => name === id)) throw new StrataError('dataset_in_use');
    if (!this.datasets.delete(id)) throw new StrataError('not_found');
  }

  async listDatasets() {
    return complete([...BUILT_IN_DATASETS.map(datasetOf), ...this.datasets.values()]);
  }

  async getDataset(id: string) {
    return (await this.listDatasets()).data.find((dataset) => dataset.id === id) ?? null;
  }

  async listWorkers() {
    return complete([WORKER]);
  }

  async createApiKey({ name, scopes }: Parameters<JobsClient['createApiKey']>[0]) {
    const key = apiKeyOf(`key_${this.apiKeys.size + 1}`, name, scopes);
    this.apiKeys.set(key.id, key);
    return { ...key, key: `strata_${key.id}_secret` };
  }

  async listApiKeys() {
    return complete([...this.apiKeys.values()]);
  }

  async getApiKey(id: string) {
    return this.apiKeys.get(id) ?? null;
  }

  async revokeApiKey(id: string) {
    if (!this.apiKeys.delete(id)) throw new StrataError('not_found', `There is no API key ${id}.`);
  }

  async listJobTrackers(jobId: string) {
    this.#job(jobId);
    return complete([...this.trackers.values()].filter(({ job_id }) => job_id === jobId));
  }

  async handOverJob(jobId: string, tracker: Parameters<JobsClient['handOverJob']>[1]) {
    this.#job(jobId);
    const made = trackerExportOf(`tracker_${this.trackers.size + 1}`, jobId, tracker);
    this.trackers.set(made.id, made);
    return made;
  }

  async createWebhook({ url, events }: Parameters<JobsClient['createWebhook']>[0]) {
    const webhook = webhookOf(`webhook_${this.webhooks.size + 1}`, url, events);
    this.webhooks.set(webhook.id, webhook);
    return { ...webhook, secret: 'whsec_c2VjcmV0' };
  }

  async listWebhooks() {
    return complete([...this.webhooks.values()]);
  }

  async getWebhook(id: string) {
    return this.webhooks.get(id) ?? null;
  }

  async deleteWebhook(id: string) {
    if (!this.webhooks.delete(id)) throw new StrataError('not_found', `There is no webhook ${id}.`);
  }

  async testWebhook(id: string) {
    if (!this.webhooks.has(id)) throw new StrataError('not_found', `There is no webhook ${id}.`);
    const delivery = deliveryOf(`delivery_${this.deliveries.size + 1}`, id);
    this.deliveries.set(delivery.id, delivery);
    return delivery;
  }

  async listWebhookDeliveries(id: string) {
    if (!this.webhooks.has(id)) throw new StrataError('not_found', `There is no webhook ${id}.`);
    return complete([...this.deliveries.values()]);
  }

  async redeliver(id: string) {
    const delivery = this.deliveries.get(id);
    if (!delivery) throw new StrataError('not_found', `There is no delivery ${id}.`);
    return delivery;
  }

  async health() {
    return this.dependencies;
  }

  /** Stores an event and wakes its followers. */
  record(jobId: string, type: string): void {
    const events = this.#events(jobId);
    events.push({
      seq: events.length + 1,
      at: NOW,
      level: 'info',
      type,
      message: `${type}\nsecond line`,
      data: { type },
    });
    this.#changes.emit('change');
  }

  /** Stores a printed line and wakes its followers. */
  print(jobId: string, text: string, task = 'stage-1-0'): void {
    const lines = this.logs.get(jobId) ?? [];
    lines.push({ seq: lines.length + 1, at: NOW, task, attempt: 1, stream: 'stderr', text });
    this.logs.set(jobId, lines);
    this.#changes.emit('change');
  }

  /** Ends a job with its last event. */
  finish(jobId: string, state: 'succeeded' | 'failed' | 'cancelled'): void {
    const result =
      state === 'succeeded'
        ? {
            test_accuracy: 0.99,
            test_loss: 0.03,
            compact_accuracy: null,
            networks: [],
            speedup: null,
            model_id: null,
            figures: {},
          }
        : null;
    const error =
      state === 'failed'
        ? { code: 'non_finite_loss', message: 'NaN', stage: 0, step: 7, tensor: null }
        : null;
    this.jobs.set(jobId, {
      ...this.#job(jobId),
      state,
      progress: 1,
      finished_at: NOW,
      queue: null,
      result,
      error,
    });
    this.record(jobId, `job.${state}`);
  }

  #setPause(id: string, at: string | null): Job {
    const job = this.#job(id);
    if (job.finished_at !== null) throw new StrataError('job_finished');
    this.jobs.set(id, { ...job, state: at === null ? 'queued' : 'paused', pause_requested_at: at });
    return this.#job(id);
  }

  #job(id: string): Job {
    const job = this.jobs.get(id);
    if (!job) throw new StrataError('not_found', `There is no job with the id ${id}.`);
    return job;
  }

  #logs(jobId: string, task: string | undefined): LogLine[] {
    this.#job(jobId);
    return (this.logs.get(jobId) ?? []).filter((line) => task === undefined || line.task === task);
  }

  #events(jobId: string): Event[] {
    this.#job(jobId);
    return this.events.get(jobId) ?? [];
  }
}
