import { allDuties } from '../../src/jobs/dispatcher/all-duties.js';
import { openPushes } from '../../src/jobs/dispatcher/deliveries/pushes/pushes.js';
import { openExports } from '../../src/jobs/dispatcher/deliveries/trackers.js';
import { openDeliveries } from '../../src/jobs/dispatcher/deliveries/webhooks.js';
import type { Duty } from '../../src/jobs/dispatcher/duties.js';
import { claimNext } from '../../src/jobs/lifecycle/claim.js';
import type { Leases } from '../../src/jobs/lifecycle/held-leases.js';
import { lazySecretBox } from '../../src/jobs/outgoing/secret-key.js';
import { LEASE_MS } from '../../src/jobs/process/limits.js';
import type { TaskQueue } from '../../src/jobs/queue/queue.js';
import type { Database } from '../../src/jobs/store/connection/database.js';
import { claimImport, openImports } from '../../src/jobs/store/dataset-imports.js';
import { findEvents } from '../../src/jobs/store/events.js';
import { findLastSeqs } from '../../src/jobs/store/jobs.js';
import { type Lease, renewLeases } from '../../src/jobs/store/leases.js';
import { findLogLines } from '../../src/jobs/store/log-lines.js';
import {
  findUnlistedManifests,
  readHeldReferences,
  referencesAmong,
} from '../../src/jobs/store/references.js';
import { readServiceFigures } from '../../src/jobs/store/service-figures.js';
import { reportWorker, saveWorkerMetrics } from '../../src/jobs/store/workers.js';
import type { BlobStore } from '../../src/storage/blob-store.js';

export interface LookParts {
  readonly db: Database;
  readonly queue: TaskQueue;
  readonly blobs: BlobStore;
  readonly home: string;
  /** A job whose lists are followed. */
  readonly jobId: string;
}

export type Look = readonly [name: string, run: () => Promise<unknown>];

const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Every duty of the dispatcher, artifacts' retention among them. */
export function dutiesOf({ db, queue, blobs, home }: LookParts): Duty[] {
  const sender = {
    db,
    blobs,
    leases: NO_LEASES,
    stopping: new AbortController().signal,
    policy: { allowedHosts: [] },
    openBox: lazySecretBox({ home }),
    now: () => new Date(),
    retryPauseMs: () => null,
    log: QUIET,
  };
  const places = {
    deliveries: openDeliveries(sender),
    exports: openExports(sender),
    pushes: openPushes(sender),
  };
  return allDuties({ db, tidying: db, blobs, queue, ...places, retentionDays: 30, log: QUIET });
}

const CLAIMER = { workerId: 'worker_of_looks', device: 'cpu:0', bfloat16: true };
const NO_LEASES: Leases = {
  hold: () => () => undefined,
  nudge: () => undefined,
  stop: async () => undefined,
};
const TABLES = [
  'task',
  'dataset_import',
  'profile',
  'webhook_delivery',
  'tracker_export',
  'model_push',
] as const;
const HELD: readonly Lease[] = TABLES.map((table) => ({ table, id: `${table}_of_looks`, attempt: 1 }));
const CPU = { kind: 'cpu', name: 'none', slots: 1, bfloat16: true, prefers_bfloat16: false } as const;
const REPORT = {
  ...{ id: CLAIMER.workerId, host: '', pid: 1, devices: [CPU], slots: [], versions: {} },
  ...{ streamAddress: null, link: null },
};
const BLOBS = Array.from({ length: 20 }, (_, n) => `sha256:${String(n).padStart(64, '0')}` as const);

/** The questions of the loops of a dispatcher, a worker and the API when there is nothing to do. */
export function looksOf(parts: LookParts): Look[] {
  const { db, jobId } = parts;
  return [
    ...dutiesOf(parts).map(({ name, run }): Look => [`dispatcher: ${name}`, run]),
    ['dispatcher: blobs that rows refer to', () => referencesAmong(db, BLOBS)],
    ['dispatcher: blobs of unfinished jobs', () => readHeldReferences(db)],
    ['dispatcher: new manifests', () => findUnlistedManifests(db, '', 1)],
    ['worker: heartbeat', () => reportWorker(db, REPORT)],
    ['worker: leases', () => renewLeases(db, HELD, LEASE_MS)],
    ['worker: metrics', () => saveWorkerMetrics(db, CLAIMER.workerId, [])],
    ['worker: next task', () => claimNext(db, CLAIMER)],
    ['worker: next fetch', () => claimImport(db, CLAIMER.workerId, 'fetch', LEASE_MS)],
    ['worker: next import', () => claimImport(db, CLAIMER.workerId, 'import', LEASE_MS)],
    ['worker: imports that are open', () => openImports(db, ['import_1'])],
    ['api: numbers of a list', () => findLastSeqs(db, 'default', jobId)],
    ['api: new events', () => findEvents(db, jobId, 0, 100)],
    ['api: new log lines', () => findLogLines(db, jobId, { after: 0, task: null }, 100)],
    ['api: new log lines of a task', () => findLogLines(db, jobId, { after: 0, task: 'stage-0' }, 100)],
    ['api: metrics', () => readServiceFigures(db)],
  ];
}
