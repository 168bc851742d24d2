import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { MetricSample, TaskAssignment, TaskSuccess } from '../../../contract/trainer-protocol.js';
import { roundsOf, stepsOfTask } from '../../../method/rounds.js';

/** From seconds to hours: a round is meant to take minutes. */
const TASK_BUCKETS = [1, 5, 15, 60, 300, 900, 3600];
/** Samples wait up to half a second for the next flush, longer if the database is slow. */
const LAG_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 30];

/**
 * Metrics of a worker. It opens no port: its heartbeat stores the figures in Postgres, and any API process serves
 * them. The counters of each worker start at 0, under its own label.
 */
export class WorkerMetrics {
  readonly #registry = new Registry();
  readonly #taskSeconds: Histogram<'kind' | 'outcome'>;
  readonly #partSeconds: Counter<'kind' | 'part'>;
  readonly #images: Counter<'kind'>;
  readonly #imagesPerSecond: Gauge<'device'>;
  readonly #lag: Histogram;
  #changed = true;

  constructor(workerId: string) {
    this.#registry.setDefaultLabels({ worker: workerId });
    const registers = [this.#registry];
    this.#taskSeconds = new Histogram({
      name: 'strata_task_duration_seconds',
      help: 'Time from the claim of a task to its recorded end, by the outcome of the attempt.',
      labelNames: ['kind', 'outcome'],
      buckets: TASK_BUCKETS,
      registers,
    });
    this.#partSeconds = new Counter({
      name: 'strata_task_part_seconds_total',
      help: 'Time that successful tasks spent in the trainer, by part.',
      labelNames: ['kind', 'part'],
      registers,
    });
    this.#images = new Counter({
      name: 'strata_trained_images_total',
      help: 'Images on which successful tasks trained.',
      labelNames: ['kind'],
      registers,
    });
    this.#imagesPerSecond = new Gauge({
      name: 'strata_images_per_second',
      help: 'Throughput of the last training task on a device.',
      labelNames: ['device'],
      registers,
    });
    this.#lag = new Histogram({
      name: 'strata_metric_lag_seconds',
      help: 'Time from the creation of a sample in a trainer to its commit in Postgres.',
      buckets: LAG_BUCKETS,
      registers,
    });
  }

  taskEnded(kind: string, outcome: string, seconds: number): void {
    this.#taskSeconds.observe({ kind, outcome }, seconds);
    this.#changed = true;
  }

  taskSucceeded(assignment: TaskAssignment, { seconds }: TaskSuccess): void {
    const { kind, spec, dataset } = assignment;
    for (const [part, spent] of Object.entries(seconds)) this.#partSeconds.inc({ kind, part }, spent);
    const steps = stepsOfTask(roundsOf(spec, dataset), assignment);
    if (steps !== null) this.#images.inc({ kind }, steps * spec.batch_size);
    this.#changed = true;
  }

  samplesMade(device: string, samples: readonly MetricSample[]): void {
    const speed = samples.findLast(({ name }) => name === 'images_per_second');
    if (speed === undefined) return;
    this.#imagesPerSecond.set({ device }, speed.value);
    this.#changed = true;
  }

  samplesStored(lagSeconds: number): void {
    // The clocks of hosts may be set back in the meantime.
    this.#lag.observe(Math.max(0, lagSeconds));
    this.#changed = true;
  }

  /**
   * Writes all figures, in the form that prom-client aggregates, if they have changed.
   * @param write returns whether they were stored; otherwise they are written the next time
   */
  async store(write: (figures: readonly object[]) => Promise<boolean>): Promise<void> {
    if (!this.#changed) return;
    const figures = await this.#registry.getMetricsAsJSON();
    this.#changed = false;
    let stored = false;
    try {
      stored = await write(figures);
    } finally {
      this.#changed ||= !stored;
    }
  }
}
