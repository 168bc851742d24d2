// A process that runs many workers: `host.ts <number of workers> <seconds of a task> <shared | own>`, with the addresses in its
// environment; its workers share their connections to Postgres, or each has its own. It answers each message of its parent
// with its figures, and stops when the channel closes.
import pg from 'pg';
import { processSettings } from '../../src/jobs/process/process.js';
import { Together } from '../../src/jobs/store/connection/together.js';
import { connectWorker } from '../../src/jobs/worker/connections.js';
import { startWorker, type WorkerOptions } from '../../src/jobs/worker/worker.js';
import { openTracing } from '../../src/tracing/tracing.js';
import { noOpSlot } from './no-op-trainer.js';
import { sharedConnections } from './shared-connections.js';

export interface HostFigures {
  /** Attempts by task. */
  readonly attempts: Readonly<Record<string, number>>;
  /** Statements sent to Postgres since the start. */
  readonly statements: number;
  readonly cpuMs: number;
  readonly warnings: Readonly<Record<string, number>>;
}

let statements = 0;
const { query } = pg.Client.prototype;
pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
  const [asked] = args;
  statements += asked instanceof Together ? asked.size : 1;
  return Reflect.apply(query, this, args);
} as typeof query;

const [number, seconds, how] = process.argv.slice(2);
const attempts = new Map<string, number>();
const warnings = new Map<string, number>();
const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
const warn = (about: { err?: unknown }, message?: string) =>
  count(warnings, `${message}: ${String(about.err ?? '').slice(0, 160)}`);

const settings = processSettings(process.env);
const options: WorkerOptions = {
  ...settings,
  slots: 1,
  predictorMb: 0,
  trainer: [],
  importer: [],
  importLimits: { max_images: 1, max_classes: 2, max_image_pixels: 1, max_unpacked_bytes: 1 },
  fetching: {
    policy: { allowedHosts: [], purpose: 'dataset' },
    limits: { limitBytes: 1, reserveBytes: 0 },
    timeoutMs: 1_000,
  },
  noProgressMs: 300_000,
  checkpointMs: 30_000,
  trainerIdleMs: 3_600_000,
  tracing: await openTracing({}, 'worker'),
  log: { info: () => undefined, warn, error: warn },
};
const device = { kind: 'cpu', name: 'none', slots: 1, bfloat16: true, prefers_bfloat16: false } as const;
const openSlots = async () => ({
  devices: [device],
  slots: [noOpSlot(Number(seconds), ({ task_id }) => count(attempts, task_id))],
});
const STARTED_AT_ONCE = 5;
const wanted = Number(number);
const shared = how === 'shared' ? await sharedConnections(settings, wanted) : null;
const connect = shared?.connect ?? connectWorker;
const workers: Awaited<ReturnType<typeof startWorker>>[] = [];
while (workers.length < wanted) {
  const some = Math.min(STARTED_AT_ONCE, wanted - workers.length);
  workers.push(
    ...(await Promise.all(Array.from({ length: some }, () => startWorker(options, openSlots, connect)))),
  );
}

function figures(): HostFigures {
  const { user, system } = process.cpuUsage();
  return {
    attempts: Object.fromEntries(attempts),
    statements,
    cpuMs: (user + system) / 1000,
    warnings: Object.fromEntries(warnings),
  };
}

process.on('message', () => process.send?.(figures()));
process.on(
  'disconnect',
  () =>
    void Promise.all(workers.map((worker) => worker.stop()))
      .then(() => shared?.close())
      .finally(() => process.exit()),
);
process.send?.('ready');
