import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import type {
  Artifact,
  CreateJobOptions,
  Event,
  EventFilter,
  Job,
  JobFilter,
  JobsClient,
  LogFilter,
  LogLine,
  MetricFilter,
} from '../../../src/contract/client/jobs.js';
import { BUILT_IN_DATASETS } from '../../../src/contract/datasets.js';
import { StrataError } from '../../../src/contract/errors.js';
import type { JobSpec } from '../../../src/contract/spec.js';
import { isTerminal } from '../../../src/contract/states.js';
import { attemptOf, checkpointOf, complete, jobOf, NOW, taskOf, trackerExportOf } from '../fixtures.js';

/** Jobs in memory: they never run by themselves, a test moves them with `record` and `finish`. */
export class FakeJobs implements JobsClient {
  readonly rows = new Map<string, Job>();
  readonly events = new Map<string, Event[]>();
  readonly logs = new Map<string, LogLine[]>();
  readonly artifacts = new Map<string, { artifact: Artifact; path: string }>();
  readonly trackers = new Map<string, ReturnType<typeof trackerExportOf>>();
  /** Followers at work, to see that none is left behind. */
  followers = 0;
  readonly #keys = new Map<string, { hash: string | undefined; id: string }>();
  readonly #changes = new EventEmitter().setMaxListeners(0);

  async createJob(spec: JobSpec, options: CreateJobOptions) {
    if (!BUILT_IN_DATASETS.some(({ name }) => name === spec.dataset)) {
      const message = `There is no dataset ${spec.dataset}; GET /datasets lists them.`;
      throw new StrataError('invalid_spec', undefined, { errors: [{ pointer: '/dataset', message }] });
    }
    const requested = options.sent ?? null;
    if (options.dryRun) return { job: { ...jobOf('dry_run', spec), requested }, replayed: false };
    const first = options.idempotencyKey ? this.#keys.get(options.idempotencyKey) : undefined;
    if (first) {
      if (first.hash !== options.bodyHash) throw new StrataError('idempotency_key_reused');
      return { job: this.#job(first.id), replayed: true };
    }
    const job = { ...jobOf(`job_${this.rows.size + 1}`, spec), requested };
    this.rows.set(job.id, job);
    this.events.set(job.id, []);
    if (options.idempotencyKey) {
      this.#keys.set(options.idempotencyKey, { hash: options.bodyHash, id: job.id });
    }
    this.record(job.id, 'job.queued');
    return { job, replayed: false };
  }

  async extendJob(id: string, { epochs }: { readonly epochs: number }, options: CreateJobOptions) {
    const job = this.#job(id);
    if (job.state !== 'succeeded') throw new StrataError('job_unfinished', `The job is ${job.state}.`);
    const made = await this.createJob({ ...job.spec, epochs: job.spec.epochs + epochs }, options);
    return { ...made, job: { ...made.job, parent_id: id } };
  }

  async getJob(id: string) {
    return this.rows.get(id) ?? null;
  }

  async getJobState(id: string) {
    return this.rows.get(id)?.state ?? null;
  }

  async listJobs({ after, limit, state, metadata, archived = false }: JobFilter) {
    const matching = [...this.rows.values()]
      .reverse()
      .filter((job) => state?.includes(job.state) ?? true)
      .filter((job) => (job.archived_at !== null) === archived)
      .filter((job) => Object.entries(metadata ?? {}).every(([key, value]) => job.metadata[key] === value));
    const rest =
      after === undefined ? matching : matching.slice(matching.findIndex(({ id }) => id === after) + 1);
    const data = rest.slice(0, limit);
    const hasMore = rest.length > limit;
    return { object: 'list' as const, data, has_more: hasMore, next: hasMore ? data.at(-1)!.id : null };
  }

  async updateJob(id: string, { archived, ...changes }: Parameters<JobsClient['updateJob']>[1]) {
    const job = this.#job(id);
    if (archived && job.finished_at === null) throw new StrataError('job_unfinished');
    const archive = archived === undefined ? {} : { archived_at: archived ? NOW : null };
    this.rows.set(id, { ...job, ...changes, ...archive });
    return this.#job(id);
  }

  async cancelJob(id: string, { force }: { readonly force: boolean }) {
    const job = this.#job(id);
    if (job.state === 'succeeded' || job.state === 'failed') throw new StrataError('job_finished');
    this.rows.set(id, { ...job, cancel_requested_at: NOW, state_reason: force ? 'forced' : 'asked' });
    return this.#job(id);
  }

  async deleteJob(id: string) {
    if (!isTerminal('job', this.#job(id).state)) throw new StrataError('job_unfinished');
    this.rows.delete(id);
  }

  async pauseJob(id: string) {
    return this.#setPause(id, NOW);
  }

  async resumeJob(id: string) {
    return this.#setPause(id, null);
  }

  async listJobAttempts(id: string) {
    this.#job(id);
    return { object: 'list' as const, data: [attemptOf('stage-0-0')], has_more: false as const, next: null };
  }

  async getJobUsage(id: string) {
    const figures = { attempts: 1, device_seconds: 2.5, lost_seconds: 0, wall_seconds: 3, message_bytes: 0 };
    return { object: 'job_usage' as const, job_id: this.#job(id).id, ...figures, artifact_bytes: 2 };
  }

  async listJobTasks(jobId: string) {
    const job = this.#job(jobId);
    return complete([taskOf(job.id)]);
  }

  async listJobEvents(jobId: string, { after, limit }: { after: number; limit: number }) {
    const rest = this.#events(jobId).filter(({ seq }) => seq > after);
    const data = rest.slice(0, limit);
    const hasMore = rest.length > limit;
    return { object: 'list' as const, data, has_more: hasMore, next: hasMore ? `${data.at(-1)!.seq}` : null };
  }

  followJobEvents(jobId: string, after: number, signal: AbortSignal): AsyncIterable<Event> {
    return this.#follow(jobId, after, signal, () => this.#events(jobId));
  }

  async listEvents({ types, limit }: EventFilter & { readonly limit: number }) {
    const all = [...this.events].flatMap(([job_id, events]) => events.map((event) => ({ job_id, ...event })));
    const data = all.filter(({ type }) => types?.includes(type) ?? true);
    return { object: 'list' as const, data: data.slice(0, limit), has_more: data.length > limit, next: null };
  }

  async *followEvents({ types, since }: EventFilter, signal: AbortSignal) {
    let sent = 0;
    while (!signal.aborted) {
      const { data } = await this.listEvents({ types, since, limit: Number.POSITIVE_INFINITY });
      for (; sent < data.length; sent++) yield data[sent]!;
      await once(this.#changes, 'change', { signal }).catch(() => undefined);
    }
  }

  async listJobLogs(jobId: string, { after, task, limit }: LogFilter & { limit: number }) {
    const rest = this.#logs(jobId, task).filter(({ seq }) => seq > after);
    const data = rest.slice(0, limit);
    const hasMore = rest.length > limit;
    return { object: 'list' as const, data, has_more: hasMore, next: hasMore ? `${data.at(-1)!.seq}` : null };
  }

  followJobLogs(jobId: string, { after, task }: LogFilter, signal: AbortSignal): AsyncIterable<LogLine> {
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

  async listJobMetrics(
    jobId: string,
    filter: MetricFilter & { readonly points: number; readonly since?: Date | undefined },
  ) {
    this.#job(jobId);
    const stored: [number, number, string][] = [
      [0, 2.5, NOW],
      [10, 0.125, NOW],
    ];
    const { fromStep = 0, toStep = Number.POSITIVE_INFINITY, since } = filter;
    const points = stored.filter(
      ([step, , at]) => step >= fromStep && step <= toStep && !(since && Date.parse(at) < since.getTime()),
    );
    const series = ['loss', 'accuracy'].map((name) => ({ name, stage: 0, unit: null, attempt: 1, points }));
    return complete(series.filter(({ name }) => filter.names?.includes(name) ?? true));
  }

  async streamJobMetrics(jobId: string, filter: MetricFilter) {
    const { data } = await this.listJobMetrics(jobId, { ...filter, points: 2 });
    const points = data.flatMap(({ points, ...series }) =>
      points.map(([step, value, at]) => ({ ...series, step, value, at })),
    );
    return Readable.from(points);
  }

  async listJobArtifacts(jobId: string) {
    this.#job(jobId);
    return complete(
      [...this.artifacts.values()].map(({ artifact }) => artifact).filter((a) => a.job_id === jobId),
    );
  }

  async downloadJobArtifacts(jobId: string) {
    this.#job(jobId);
    return [...this.artifacts.values()].filter(({ artifact }) => artifact.job_id === jobId);
  }

  async listJobCheckpoints(jobId: string) {
    this.#job(jobId);
    return complete([checkpointOf(jobId)]);
  }

  async getArtifact(id: string) {
    return this.artifacts.get(id)?.artifact ?? null;
  }

  async downloadArtifact(id: string) {
    const entry = this.artifacts.get(id);
    if (!entry) throw new StrataError('not_found', `There is no artifact with the id ${id}.`);
    return entry;
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
            validation_accuracy: null,
            speedup: null,
            speedup_reason: null,
            model_id: null,
            ended: 'completed' as const,
            selected: null,
            figures: {},
          }
        : null;
    const error =
      state === 'failed'
        ? { code: 'non_finite_loss', message: 'NaN', stage: 0, step: 7, tensor: null }
        : null;
    this.rows.set(jobId, {
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
    this.rows.set(id, { ...job, state: at === null ? 'queued' : 'paused', pause_requested_at: at });
    return this.#job(id);
  }

  #job(id: string): Job {
    const job = this.rows.get(id);
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
