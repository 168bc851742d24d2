import { hostname } from 'node:os';
import type { BlobStore } from '../../storage/blob-store.js';
import { startLeases } from '../lifecycle/held-leases.js';
import { lazySecretBox, type SecretKeySource } from '../outgoing/secret-key.js';
import type { OutgoingPolicy } from '../outgoing/target.js';
import {
  HEARTBEAT_MS,
  HOUSEKEEPING_STATEMENT_MS,
  LEASE_MS,
  METRICS_MS,
  RECONCILE_MS,
} from '../process/limits.js';
import { type Loop, startLoop } from '../process/loop.js';
import type { Log } from '../process/process.js';
import { checkRedis } from '../queue/check-redis.js';
import { openTaskQueue } from '../queue/queue.js';
import { checkPostgres } from '../store/connection/check-postgres.js';
import { openDatabase } from '../store/connection/database.js';
import { listen } from '../store/connection/notify.js';
import { seedDatasets } from '../store/datasets.js';
import { deleteDispatcher, type LoopReport, reportDispatcher } from '../store/dispatchers.js';
import { newId } from '../store/ids.js';
import { renewLeases } from '../store/leases.js';
import { retryPauseMs } from './deliveries/retry.js';
import { openExports } from './deliveries/trackers.js';
import { openDeliveries } from './deliveries/webhooks.js';
import { enqueueReady } from './enqueue.js';
import { deleteGarbage, deleteLostUploads, deleteOldRows, deleteSpools } from './housekeeping.js';
import { planJobs, reconcile } from './reconcile.js';

export interface DispatcherOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly blobs: BlobStore;
  /** Days for which artifacts are kept after the end of their job. Absent: forever. */
  readonly retentionDays?: number;
  readonly log: Log;
  /** Key that decrypts the signing secrets of webhooks and the authorization of trackers. */
  readonly secrets: SecretKeySource;
  /** Rules for the URLs of webhooks and trackers. */
  readonly outgoing: OutgoingPolicy;
}

const HOUSEKEEPING_MS = 30_000;
const GARBAGE_MS = 300_000;

/**
 * Starts the process that advances jobs. It keeps no state in memory: several dispatchers may run, and if one dies,
 * another does its work at the next look. Its loops are independent, so that, for example, a Redis failure delays
 * the queue only.
 */
export async function startDispatcher(options: DispatcherOptions): Promise<{ stop(): Promise<void> }> {
  const { databaseUrl, redisUrl, blobs, log } = options;
  await checkPostgres(databaseUrl);
  await checkRedis(redisUrl);
  const db = await openDatabase(databaseUrl);
  const tidying = await openDatabase(databaseUrl, HOUSEKEEPING_STATEMENT_MS);
  await seedDatasets(db);
  const queue = openTaskQueue(redisUrl, (error) => log.warn({ err: error }, 'queue'));
  const leases = startLeases({
    renew: (held) => renewLeases(db, held, LEASE_MS),
    heartbeatMs: HEARTBEAT_MS,
    leaseMs: LEASE_MS,
    onError: (error) => log.warn({ err: error }, 'heartbeat of deliveries failed'),
    now: () => performance.now(),
  });
  const stopping = new AbortController();
  const sender = {
    db,
    stopping: stopping.signal,
    leases,
    log,
    policy: options.outgoing,
    openBox: lazySecretBox(options.secrets),
    now: () => new Date(),
    retryPauseMs: (attempts: number) => retryPauseMs(attempts, Math.random),
  };
  const failed = (what: string) => (error: unknown) => log.error({ err: error }, `${what} failed`);
  const plans = startLoop(() => planJobs(db, log), RECONCILE_MS, failed('planning'));
  const tables = startLoop(() => reconcile(db, log), RECONCILE_MS, failed('reconcile'));
  const enqueue = startLoop(() => enqueueReady(db, queue), RECONCILE_MS, failed('enqueue'));
  const spools = startLoop(() => deleteSpools(db, blobs), RECONCILE_MS, failed('spool deletion'));
  const rows = startLoop(
    () => deleteOldRows(tidying, options.retentionDays),
    HOUSEKEEPING_MS,
    failed('housekeeping'),
  );
  const uploads = startLoop(
    () => deleteLostUploads(db, blobs, new Date()),
    HOUSEKEEPING_MS,
    failed('deletion of uploads'),
  );
  const garbage = startLoop(
    () => deleteGarbage(tidying, blobs, log),
    GARBAGE_MS,
    failed('garbage collection'),
  );
  const deliveries = openDeliveries(sender);
  const exports = openExports(sender);
  const webhooks = startLoop(() => deliveries.fill(), RECONCILE_MS, failed('webhooks'));
  const trackers = startLoop(() => exports.fill(), RECONCILE_MS, failed('trackers'));
  const loops = { plans, tables, enqueue, spools, rows, uploads, garbage, webhooks, trackers };
  const id = newId('dispatcher');
  const report = () =>
    reportDispatcher(db, { id, host: hostname(), pid: process.pid, loops: loopReports(loops) });
  const heartbeat = startLoop(report, METRICS_MS, failed('heartbeat'));
  const nudges = await listen(databaseUrl, 'strata_dispatch', (what) => {
    // This nudge follows each task of each job. Running all loops would take processor time from training on the
    // same machine.
    if (what === 'ready') enqueue.nudge();
    else for (const loop of [plans, tables, enqueue, webhooks, trackers]) loop.nudge();
  });
  return {
    async stop() {
      await nudges.close();
      // Close the queue first: an enqueue that waits for a lost Redis ends with its connection.
      await queue.close();
      stopping.abort();
      for (const places of [deliveries, exports]) places.close();
      await Promise.all([heartbeat, ...Object.values(loops)].map((loop) => loop.stop()));
      await Promise.all([deliveries.idle(), exports.idle()]);
      await leases.stop();
      await deleteDispatcher(db, id);
      await Promise.all([db.$disconnect(), tidying.$disconnect()]);
    },
  };
}

function loopReports(loops: Readonly<Record<string, Loop>>): LoopReport[] {
  return Object.entries(loops).map(([name, loop]) => {
    const last = loop.lastSuccess();
    if (last === null) return { name, ageS: null, seconds: null };
    return { name, ageS: (performance.now() - last.endedAt) / 1000, seconds: last.seconds };
  });
}
