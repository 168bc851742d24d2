import { hostname } from 'node:os';
import type { BlobCache } from '../../contract/blob-cache.js';
import { parseBlobUrl } from '../../contract/blob-url.js';
import type { ImportLimits } from '../../contract/importer-protocol.js';
import { type StreamAddress, streamAddressText } from '../../contract/stream-address.js';
import type { StoreLink, WorkerDevice } from '../../contract/workers.js';
import { deviceKindOf } from '../../planning/forecast/device-kind.js';
import { openBlobStore } from '../../storage/open.js';
import type { Tracing } from '../../tracing/tracing.js';
import type { FetchOptions } from '../lifecycle/fetch-source.js';
import { startLeases } from '../lifecycle/held-leases.js';
import { requireSameStore } from '../lifecycle/same-store.js';
import {
  AHEAD_LOOK_MS,
  AHEAD_SHARE,
  HEARTBEAT_MS,
  METRICS_MS,
  REPORTS_PER_FLEET_LOOK,
  reportIntervalFor,
} from '../process/limits.js';
import { startLoop } from '../process/loop.js';
import type { Log } from '../process/process.js';
import { requireSupportedBy, STRATA_VERSION } from '../process/version.js';
import { checkRedis } from '../queue/check-redis.js';
import { openPublishedNudges } from '../queue/published-nudges.js';
import { consumeTasks } from '../queue/queue.js';
import type { PostgresAddresses } from '../store/connection/addresses.js';
import { checkPostgres } from '../store/connection/check-postgres.js';
import { limitRole } from '../store/connection/role-limits.js';
import { dispatcherVersions } from '../store/dispatchers.js';
import { newId } from '../store/ids.js';
import { findInputsAhead } from '../store/inputs-ahead.js';
import { renewLeases } from '../store/leases.js';
import {
  deleteWorker,
  readFleet,
  reportWorker,
  saveWorkerMetrics,
  type Wanted,
  type WorkerReport,
} from '../store/workers.js';
import { TrainerChild } from './children/trainer-child.js';
import { computingEnvironment, tiedToParent } from './children/trainer-command.js';
import { connectWorker } from './connections.js';
import { checkPorts } from './gangs/check-ports.js';
import { Inviter } from './gangs/invite.js';
import { Nudged } from './gangs/nudged.js';
import { Seats } from './gangs/seats.js';
import { startImports } from './imports/imports.js';
import { measureLink } from './measure-link.js';
import { evaluatorStart } from './parts/evaluator.js';
import { startParts } from './parts/parts.js';
import { servePredictions } from './predictions/serve.js';
import { ProfileMaker } from './profiles.js';
import { inspectMachine, placeSlots } from './slots/devices.js';
import { GpuWatch } from './slots/gpu-watch.js';
import { Slot } from './slots/slot.js';
import { trainerEnvironment } from './slots/trainer-environment.js';
import { FetchAhead } from './tasks/fetch-ahead.js';
import { TaskRunner } from './tasks/run-task.js';
import { WorkerMetrics } from './tasks/worker-metrics.js';

export interface WorkerOptions extends PostgresAddresses {
  readonly redisUrl: string;
  readonly blobUrl: string;
  /** Copies of blobs on this host, where the store is no folder. */
  readonly blobCache: BlobCache;
  /** Maximum number of trainers. Absent: as many as the devices allow. */
  readonly slots?: number;
  readonly threads: number;
  /** Address of the trainer of the first slot for other hosts; the next ones have the ports after it. */
  readonly streamAddress?: StreamAddress;
  /** Megabytes of model files to keep loaded for predictions. 0: no predictions. */
  readonly predictorMb: number;
  /** The trainer's command: program and arguments. */
  readonly trainer: readonly string[];
  /** The command of the importer. */
  readonly importer: readonly string[];
  readonly importLimits: ImportLimits;
  readonly tenantBytes?: number;
  readonly fetching: Omit<FetchOptions, 'blobs'>;
  /** A trainer that reports nothing for this long is killed. */
  readonly noProgressMs: number;
  /** Interval between the checkpoints of a running task. */
  readonly checkpointMs: number;
  /** A trainer without a task ends after this time. */
  readonly trainerIdleMs: number;
  readonly tracing: Tracing;
  readonly log: Log;
}

export interface WorkerSlots {
  readonly devices: readonly WorkerDevice[];
  readonly slots: readonly Slot[];
}

/**
 * Starts a worker: a supervisor that claims tasks, passes them to trainer processes and records their reports. It
 * does no heavy computation itself, so that heartbeats and cancellations are always handled in time.
 * @param open finds the slots of this machine
 * @param connect connects to Postgres, with connections for so many slots
 */
export async function startWorker(
  options: WorkerOptions,
  open: (options: WorkerOptions) => Promise<WorkerSlots> = openSlots,
  connect: typeof connectWorker = connectWorker,
): Promise<{ stop(): Promise<void> }> {
  const { databaseUrl, redisUrl, noProgressMs, checkpointMs, tracing, log } = options;
  await limitRole(options);
  await checkPostgres(databaseUrl);
  await checkRedis(redisUrl);
  const { devices, slots } = await open(options);
  if (options.streamAddress) await checkPorts(options.streamAddress, slots.length);
  const connections = await connect(options, slots.length);
  const { db, heartbeats } = connections;
  const blobs = openBlobStore(options.blobUrl, options.blobCache);
  await requireSameStore(db, blobs);
  requireSupportedBy(await dispatcherVersions(db));
  const published = openPublishedNudges(redisUrl);
  db.nudges.sendBy(published.publish);
  const workerId = newId('worker');
  const warn = (what: string) => (error: unknown) => log.warn({ err: error }, what);
  const leases = startLeases({
    renew: (held, leaseMs) => renewLeases(heartbeats, held, leaseMs),
    heartbeatMs: HEARTBEAT_MS,
    onError: warn('heartbeat failed'),
    now: () => performance.now(),
  });
  const drained = new AbortController();
  // Nothing before the worker has all its parts.
  let lookFor = (_: Wanted): void => undefined;
  let stopping = false;
  // Apart from the leases, which must not wait for it.
  const gpus = new GpuWatch(slots.some(({ place }) => place.gpu !== null));
  let link: StoreLink | null = null;
  let reportMs = HEARTBEAT_MS;
  const fleetLooks = startLoop(
    async () => {
      const { workers, elsewhere } = await readFleet(db, hostname());
      reportMs = reportIntervalFor(workers);
      // Nobody asks for it while all workers are on one host.
      if (link === null && elsewhere) link = await measureLink(blobs, () => performance.now() / 1000);
    },
    () => REPORTS_PER_FLEET_LOOK * reportMs,
    warn('the link to the blob store is unknown'),
  );
  const reports = startLoop(
    async () => {
      const wanted = await reportWorker(heartbeats, {
        ...describeWorker(workerId, devices, slots, gpus),
        streamAddress: options.streamAddress ? streamAddressText(options.streamAddress) : null,
        link,
      });
      if (wanted.draining) drained.abort();
      else lookFor(wanted);
    },
    () => reportMs,
    warn('report failed'),
  );
  // Apart from the reports: a driver in trouble lets nvidia-smi hang.
  const gpuLooks = startLoop(() => gpus.look(), HEARTBEAT_MS, warn('the use of the GPUs is unknown'));
  const metrics = new WorkerMetrics(workerId);
  const saving = startLoop(
    () => metrics.store((figures) => saveWorkerMetrics(heartbeats, workerId, figures)),
    () => METRICS_MS * (reportMs / HEARTBEAT_MS),
    warn('metrics could not be stored; they are stored later'),
  );
  const profiles = new ProfileMaker({ db, leases, noProgressMs, log });
  const nudged = new Nudged();
  const addressOf = (slot: Slot) => addressOfSlot(options.streamAddress, slots.indexOf(slot));
  const runner = new TaskRunner({
    db,
    metrics,
    blobs,
    workerId,
    leases,
    noProgressMs,
    checkpointMs,
    tracing,
    profiles,
    ahead: isHere(options.blobUrl)
      ? null
      : new FetchAhead({
          find: (task) => findInputsAhead(db, task),
          blobs,
          maxBytes: (options.blobCache.maxBytes * AHEAD_SHARE) / Math.max(1, slots.length),
          lookMs: AHEAD_LOOK_MS,
          drained: drained.signal,
          log,
        }),
    inviter: new Inviter({ db, workerId, addressOf, nudged, log }),
    wakeSlot: () => wakeSlot(),
    onTrusted: () => {
      if (stopping || drained.signal.aborted) return;
      consumer.resume();
      wakeSlot();
    },
    drained: drained.signal,
    reserveBeside: (slot, max) => reserveBeside(slots, slot, max),
    log,
  });
  const work = async (taskId: string | null) => {
    await inFreeSlot(slots, (slot) => runner.run(slot, taskId));
    // The offers are for other workers.
    if (slots.every(({ quarantined }) => quarantined)) void consumer.pause();
  };
  const wakeSlot = () => void work(null).catch(warn('a slot after its wake-up'));
  const imports = startImports({
    db,
    blobs,
    workerId,
    leases,
    command: tiedToParent(options.importer),
    environment: computingEnvironment(process.env, options),
    limits: options.importLimits,
    quota: options.tenantBytes ?? null,
    fetching: options.fetching,
    noProgressMs,
    makeRoom: () => {
      for (const slot of slots) slot.rest();
    },
    log,
  });
  const parts = startParts({
    ...{ db, blobs, workerId, leases, noProgressMs, log },
    importLimits: options.importLimits,
    quota: options.tenantBytes ?? null,
    start: evaluatorStart(options),
  });
  await Promise.all(slots.map((slot) => slot.warm()));
  // Gangs of other workers look for slots of their runtime.
  reports.nudge();
  const seats = options.streamAddress
    ? new Seats({
        ...{ db, workerId, leases, slots, addressOf, nudged, wakeSlot, metrics, log },
        drained: drained.signal,
      })
    : null;
  const nudges = await connections.listen({
    strata_stop: leases.nudge,
    strata_import: imports.nudge,
    strata_profile: wakeSlot,
    strata_evaluation: parts.nudge,
    ...(seats && {
      strata_gang: () => {
        nudged.nudge();
        seats.nudge();
      },
    }),
  });
  const consumer = await consumeTasks(redisUrl, slots.length, work, warn('queue'));
  const predictions = await servePredictions(options);
  lookFor = (wanted) => {
    if (wanted.imports) imports.look();
    if (wanted.parts) parts.look();
    // The queue offers tasks only.
    if (wanted.profiles) wakeSlot();
  };
  whenAborted(drained.signal, () => {
    log.info('the worker drains: it takes no more tasks');
    void consumer.pause();
  });
  return {
    async stop() {
      stopping = true;
      // First, because it does not wait: trainers start to write their checkpoints.
      runner.releaseAll();
      profiles.releaseAll();
      await consumer.pause();
      await Promise.all([runner.idle(), seats?.stop(), imports.stop(), parts.stop(), predictions.stop()]);
      await consumer.close();
      await Promise.all(slots.map((slot) => slot.close()));
      await Promise.all([
        nudges.close(),
        ...[leases, reports, fleetLooks, gpuLooks, saving].map((loop) => loop.stop()),
      ]);
      await deleteWorker(db, workerId);
      await connections.close();
      published.close();
      await tracing.close();
    },
  };
}

async function openSlots(options: WorkerOptions): Promise<WorkerSlots> {
  const { devices, slots } = placeSlots(await inspectMachine(), options.slots, options.threads);
  const command = tiedToParent(options.trainer);
  const open = slots.map((place) => {
    const env = trainerEnvironment(process.env, options, place);
    return new Slot(place, () => new TrainerChild(command, env), options.trainerIdleMs);
  });
  return { devices, slots: open };
}

function isHere(blobUrl: string): boolean {
  return parseBlobUrl(blobUrl).kind === 'folder';
}

function addressOfSlot(first: StreamAddress | undefined, index: number): StreamAddress | null {
  return first && index >= 0 ? { host: first.host, port: first.port + index } : null;
}

function whenAborted(signal: AbortSignal, react: () => void): void {
  if (signal.aborted) react();
  else signal.addEventListener('abort', react, { once: true });
}

async function inFreeSlot(slots: readonly Slot[], work: (slot: Slot) => Promise<void>): Promise<void> {
  const slot = slots.find((candidate) => candidate.free);
  // No slot is free. A busy slot looks for the next task itself.
  if (!slot) return;
  slot.reserve();
  try {
    await work(slot);
  } finally {
    slot.release();
  }
}

/** Reserves free slots on devices like that of `slot`. Those that are busy are not waited for. */
function reserveBeside(slots: readonly Slot[], { place }: Slot, max: number): Slot[] {
  const kind = deviceKindOf(place.device);
  const alike = slots.filter(
    (other) =>
      other.free && deviceKindOf(other.place.device) === kind && other.place.bfloat16 === place.bfloat16,
  );
  const reserved = alike.slice(0, Math.max(0, max));
  for (const slot of reserved) slot.reserve();
  return reserved;
}

function describeWorker(
  id: string,
  devices: readonly WorkerDevice[],
  slots: readonly Slot[],
  gpus: GpuWatch,
): Omit<WorkerReport, 'streamAddress' | 'link'> {
  const runtime = slots.find((slot) => slot.runtime)?.runtime;
  const versions = {
    strata: STRATA_VERSION,
    node: process.versions.node,
    ...(runtime && { tensorflow: runtime.tensorflow }),
  };
  const states = slots.map((slot) => ({ ...slot.report, ...gpus.useOf(slot.place.gpu) }));
  return {
    id,
    host: hostname(),
    pid: process.pid,
    devices,
    slots: states,
    versions,
  };
}
