import { hostname } from 'node:os';
import type { BlobStore } from '../../storage/blob-store.js';
import { startLeases } from '../lifecycle/held-leases.js';
import { requireSameStore } from '../lifecycle/same-store.js';
import { lazySecretBox, type SecretKeySource } from '../outgoing/secret-key.js';
import type { OutgoingPolicy } from '../outgoing/target.js';
import { HEARTBEAT_MS, HOUSEKEEPING_STATEMENT_MS, METRICS_MS } from '../process/limits.js';
import { startLoop } from '../process/loop.js';
import type { Log } from '../process/process.js';
import { STRATA_VERSION } from '../process/version.js';
import { checkRedis } from '../queue/check-redis.js';
import { followNudges } from '../queue/published-nudges.js';
import { openTaskQueue } from '../queue/queue.js';
import { directOf, type PostgresAddresses } from '../store/connection/addresses.js';
import { checkPostgres } from '../store/connection/check-postgres.js';
import { openDatabase } from '../store/connection/database.js';
import { listen } from '../store/connection/notify.js';
import { limitRole } from '../store/connection/role-limits.js';
import { seedDatasets } from '../store/datasets.js';
import { deleteDispatcher, reportDispatcher } from '../store/dispatchers.js';
import { newId } from '../store/ids.js';
import { renewLeases } from '../store/leases.js';
import { allDuties } from './all-duties.js';
import { openPushes } from './deliveries/pushes/pushes.js';
import { retryPauseMs } from './deliveries/retry.js';
import { openExports } from './deliveries/trackers.js';
import { openDeliveries } from './deliveries/webhooks.js';
import { startDuties } from './duties.js';

export interface DispatcherOptions extends PostgresAddresses {
  readonly redisUrl: string;
  readonly blobs: BlobStore;
  /** Days for which artifacts are kept after the end of their job. Absent: forever. */
  readonly retentionDays?: number;
  readonly log: Log;
  /** Key that decrypts the signing secrets of webhooks, and what trackers and pushes need. */
  readonly secrets: SecretKeySource;
  /** Rules for the URLs of webhooks, trackers and pushes. */
  readonly outgoing: OutgoingPolicy;
}

/**
 * Starts the process that advances jobs. It keeps no state in memory: several dispatchers may run, and if one dies,
 * another does its work at the next look. Each duty runs in its own loop, so that, for example, a Redis failure delays
 * the queue only.
 */
export async function startDispatcher(options: DispatcherOptions): Promise<{ stop(): Promise<void> }> {
  const { databaseUrl, redisUrl, blobs, retentionDays, log } = options;
  await limitRole(options);
  await checkPostgres(databaseUrl);
  await checkRedis(redisUrl);
  const db = await openDatabase(databaseUrl);
  await requireSameStore(db, blobs);
  const tidying = await openDatabase(directOf(options), HOUSEKEEPING_STATEMENT_MS);
  await seedDatasets(db);
  const queue = openTaskQueue(redisUrl, (error) => log.warn({ err: error }, 'queue'));
  const leases = startLeases({
    renew: (held, leaseMs) => renewLeases(db, held, leaseMs),
    heartbeatMs: HEARTBEAT_MS,
    onError: (error) => log.warn({ err: error }, 'heartbeat of deliveries failed'),
    now: () => performance.now(),
  });
  const stopping = new AbortController();
  const sender = {
    db,
    blobs,
    stopping: stopping.signal,
    leases,
    log,
    policy: options.outgoing,
    openBox: lazySecretBox(options.secrets),
    now: () => new Date(),
    retryPauseMs: (attempts: number) => retryPauseMs(attempts, Math.random),
  };
  const places = {
    deliveries: openDeliveries(sender),
    exports: openExports(sender),
    pushes: openPushes(sender),
  };
  const duties = startDuties(allDuties({ db, tidying, blobs, queue, ...places, retentionDays, log }), log);
  const id = newId('dispatcher');
  const report = () =>
    reportDispatcher(db, {
      id,
      host: hostname(),
      pid: process.pid,
      version: STRATA_VERSION,
      loops: duties.reports(),
    });
  const heartbeat = startLoop(report, METRICS_MS, (error) => log.error({ err: error }, 'heartbeat failed'));
  const nudges = await listen(options, { strata_dispatch: duties.nudge });
  // Workers send theirs through Redis.
  const published = followNudges(redisUrl, 'strata_dispatch', duties.nudge);
  return {
    async stop() {
      await nudges.close();
      published.close();
      // Close the queue first: an enqueue that waits for a lost Redis ends with its connection.
      await queue.close();
      stopping.abort();
      for (const place of Object.values(places)) place.close();
      await Promise.all([heartbeat.stop(), duties.stop()]);
      await Promise.all(Object.values(places).map((place) => place.idle()));
      await leases.stop();
      await deleteDispatcher(db, id);
      await Promise.all([db.$disconnect(), tidying.$disconnect()]);
    },
  };
}
