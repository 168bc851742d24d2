import { AggregatorRegistry, Gauge, Registry } from 'prom-client';
import type { components } from '../../../contract/generated/openapi.js';
import { isTerminal, JOB_STATES } from '../../../contract/states.js';
import { TASK_KINDS } from '../../../contract/trainer-protocol.js';
import type { ServiceFigures } from '../../store/service-figures.js';

type Disk = components['schemas']['Disk'];

/** The figures of the service and of its workers in Prometheus' text format. */
/** @param clockSkewS by which the files' clock is ahead of that of Postgres; null where it cannot be read */
export async function renderServiceMetrics(
  figures: ServiceFigures,
  disks: readonly Disk[],
  clockSkewS: number | null,
): Promise<string> {
  const workers = AggregatorRegistry.aggregate(
    figures.workers.map(({ metrics }) => metrics).filter((metrics) => metrics.length > 0),
  );
  const gauges = gaugesOf(figures, disks);
  if (clockSkewS !== null) {
    const help = 'By which the clock of the blob store is ahead of that of Postgres.';
    gauges.set('strata_clock_skew_seconds', help, clockSkewS);
  }
  return (await gauges.registry.metrics()) + (await workers.metrics());
}

/** All figures are gauges, because each is counted again at every read and may fall. */
function gaugesOf(figures: ServiceFigures, disks: readonly Disk[]): Gauges {
  const gauges = new Gauges();
  addQueue(gauges, figures);
  addWorkers(gauges, figures.workers);
  addDeliveries(gauges, figures.deliveries);
  addLoops(gauges, figures.dispatchers);
  addDisks(gauges, disks);
  return gauges;
}

function addDisks(gauges: Gauges, disks: readonly Disk[]): void {
  gauges.setBy(
    'disk',
    'strata_disk_free_bytes',
    'Bytes free on the disk of STRATA_HOME and on that of BLOB_URL.',
    disks.flatMap(({ name, free_bytes }) => (free_bytes === null ? [] : [[name, free_bytes] as const])),
  );
  gauges.setBy(
    'disk',
    'strata_disk_reserve_bytes',
    'Bytes that uploads leave free there.',
    disks.flatMap(({ name, reserve_bytes }) =>
      reserve_bytes === null ? [] : [[name, reserve_bytes] as const],
    ),
  );
}

const UNFINISHED = JOB_STATES.filter((state) => !isTerminal('job', state));

function addQueue(gauges: Gauges, { jobs, ready, running }: ServiceFigures): void {
  gauges.setBy('state', 'strata_jobs', 'Unfinished jobs, by state.', countsOf(UNFINISHED, 'state', jobs));
  gauges.setBy(
    'kind',
    'strata_ready_tasks',
    'Tasks that a worker can claim now, by kind.',
    countsOf(TASK_KINDS, 'kind', ready),
  );
  gauges.setBy(
    'kind',
    'strata_oldest_ready_task_age_seconds',
    'Seconds that the oldest claimable task has been ready, by kind.',
    [...zeros(TASK_KINDS), ...ready.map(({ kind, oldestS }) => [kind, oldestS] as const)],
  );
  gauges.setBy(
    'kind',
    'strata_running_tasks',
    'Running tasks, by kind.',
    countsOf(TASK_KINDS, 'kind', running),
  );
  const counted = [...ready, ...running].reduce((sum, { count }) => sum + count, 0);
  gauges.set('strata_wanted_slots', 'Slots that would all have work now: ready and running tasks.', counted);
  gauges.set(
    'strata_lease_age_seconds',
    'Seconds since the oldest renewal of a lease. At 6 s, the task is taken back.',
    Math.max(0, ...running.map(({ leaseS }) => leaseS)),
  );
}

function addWorkers(gauges: Gauges, workers: ServiceFigures['workers']): void {
  const states = workers.flatMap(({ slots }) => slots.map(({ state }) => ({ state, count: 1 })));
  gauges.set('strata_workers', 'Workers that sent a heartbeat in the last 15 s.', workers.length);
  gauges.setBy(
    'state',
    'strata_slots',
    'Slots of these workers, by state.',
    countsOf(['starting', 'idle', 'busy', 'quarantined'], 'state', states),
  );
  gauges.set(
    'strata_worker_heartbeat_age_seconds',
    'Seconds since the heartbeat of the worker that has been silent longest.',
    Math.max(0, ...workers.map(({ heartbeatS }) => heartbeatS)),
  );
}

function addDeliveries(gauges: Gauges, { pending, overdueS }: ServiceFigures['deliveries']): void {
  gauges.set('strata_webhook_deliveries_pending', 'Webhook messages that are not delivered yet.', pending);
  gauges.set(
    'strata_webhook_delivery_overdue_seconds',
    'Seconds that the oldest undelivered webhook message has been due.',
    overdueS ?? 0,
  );
}

/** With several dispatchers, the loop that ran most recently counts: one working dispatcher is enough. */
function addLoops(gauges: Gauges, dispatchers: ServiceFigures['dispatchers']): void {
  const failures = new Map<string, number>();
  const ages = new Map<string, number>();
  const seconds = new Map<string, number>();
  for (const { heartbeatS, loops } of dispatchers) {
    for (const loop of loops) {
      failures.set(loop.name, (failures.get(loop.name) ?? 0) + loop.failures);
      if (loop.ageS === null || loop.seconds === null) continue;
      ages.set(loop.name, Math.min(ages.get(loop.name) ?? Number.POSITIVE_INFINITY, loop.ageS + heartbeatS));
      seconds.set(loop.name, Math.max(seconds.get(loop.name) ?? 0, loop.seconds));
    }
  }
  gauges.set('strata_dispatchers', 'Dispatchers that have reported recently.', dispatchers.length);
  gauges.setBy(
    'loop',
    'strata_dispatcher_loop_age_seconds',
    'Seconds since a loop of the dispatcher last finished without an error.',
    [...ages],
  );
  gauges.setBy('loop', 'strata_dispatcher_loop_duration_seconds', 'Duration of that run of the loop.', [
    ...seconds,
  ]);
  gauges.setBy(
    'loop',
    'strata_dispatcher_loop_failures',
    'Runs of a loop that failed since the dispatchers started.',
    [...failures],
  );
}

type Labelled = readonly (readonly [label: string, value: number])[];

class Gauges {
  readonly registry = new Registry();

  set(name: string, help: string, value: number): void {
    new Gauge({ name, help, registers: [this.registry] }).set(value);
  }

  setBy(label: string, name: string, help: string, values: Labelled): void {
    const gauge = new Gauge({ name, help, labelNames: [label], registers: [this.registry] });
    for (const [labelled, value] of values) gauge.set({ [label]: labelled }, value);
  }
}

const zeros = (labels: readonly string[]): Labelled => labels.map((label) => [label, 0]);

/** Counts summed by label. Labels without rows count 0, so that no series appears and disappears. */
function countsOf<Label extends string>(
  labels: readonly string[],
  label: Label,
  rows: readonly (Readonly<Record<Label, string>> & { readonly count: number })[],
): Labelled {
  return labels.map((name) => [
    name,
    rows.filter((row) => row[label] === name).reduce((sum, { count }) => sum + count, 0),
  ]);
}
