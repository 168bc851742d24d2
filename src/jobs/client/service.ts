import { fileURLToPath } from 'node:url';
import type { BlobCache } from '../../contract/blob-cache.js';
import type { JobsService } from '../../contract/client/service.js';
import { memoize } from '../../contract/memoize.js';
import { openBlobStore } from '../../storage/open.js';
import { readClocks, skewSeconds } from '../lifecycle/clocks.js';
import { requireSameStore } from '../lifecycle/same-store.js';
import { lazySecretBox, lazySigningKey } from '../outgoing/secret-key.js';
import { MAX_WAITING_PREDICTIONS, PREDICTION_DEADLINE_MS } from '../process/limits.js';
import { STRATA_VERSION } from '../process/version.js';
import { openQueueBoard } from '../queue/board.js';
import { openPredictionQueue, type PredictionQueue } from '../queue/predictions.js';
import { openRedisProbe } from '../queue/redis.js';
import { openRequestCounter } from '../queue/request-counter.js';
import type { PostgresAddresses } from '../store/connection/addresses.js';
import { checkPostgres } from '../store/connection/check-postgres.js';
import { openDatabase } from '../store/connection/database.js';
import { notify } from '../store/connection/notify.js';
import { limitRole } from '../store/connection/role-limits.js';
import { seedDatasets } from '../store/datasets.js';
import { readServiceFigures } from '../store/service-figures.js';
import { deleteUploadsExcept } from '../store/tenant-bytes.js';
import { uploadTurns } from '../store/upload-turns.js';
import { openDatasetFiles } from './datasets/images.js';
import { openJobWrites } from './jobs/create-job.js';
import { openDatasetReads } from './jobs/new-job.js';
import { openQueueReads } from './jobs/queue-place.js';
import { ensureFirstKey } from './keys/first-key.js';
import { openKeyring } from './keys/keyring.js';
import { openSessions } from './keys/sessions.js';
import { openPredictionFiles } from './models/test-answers.js';
import { drainWorker, listWorkers, readDisks, readReadiness } from './monitoring/readiness.js';
import { renderServiceMetrics } from './monitoring/service-metrics.js';
import { tenantClient } from './tenant.js';
import { createEventFeed } from './together/event-feed.js';
import { allSayingUnavailable, sayingUnavailable } from './unavailable.js';
import { FetchPlaces } from './weights/fetch-places.js';

export interface JobsServiceOptions extends PostgresAddresses {
  readonly redisUrl: string;
  readonly blobUrl: string;
  /** Copies of blobs on this host, where the store is no folder. */
  readonly blobCache?: BlobCache;
  /** Seconds for which the address of a download in the bucket is valid; absent or 0: there are none. */
  readonly presignedS?: number;
  /** Folder of the key that encrypts signing secrets, used without a `secretKey`. */
  readonly home: string;
  /** 64 hex digits. */
  readonly secretKey?: string;
  /** Hosts that webhooks and trackers may use although they are private or use plain HTTP. */
  readonly outgoingAllow?: readonly string[];
  /** Text of the first API key. Absent: somebody creates it by a command. */
  readonly bootstrapKey?: string;
  /** Maximum size of one upload. Absent: no limit. */
  readonly uploadLimitBytes?: number;
  /** Bytes that uploads leave free on the disk; absent: a share of it. */
  readonly diskReserveBytes?: number;
  /** Bytes that a tenant may have stored. Absent: no limit. */
  readonly tenantBytes?: number;
}

/** The tables are read at most once in this time, whatever the number of scrapes is. */
const METRICS_KEPT_MS = 1_000;

/** Opens the client of the jobs for the API. The database must be migrated. */
export async function createJobsService(options: JobsServiceOptions): Promise<JobsService> {
  await limitRole(options);
  await checkPostgres(options.databaseUrl);
  const db = await openDatabase(options.databaseUrl);
  const blobs = openBlobStore(options.blobUrl, options.blobCache);
  await requireSameStore(db, blobs);
  await seedDatasets(db);
  if (options.bootstrapKey !== undefined) await ensureFirstKey(db, options.bootstrapKey);
  const redis = openRedisProbe(options.redisUrl);
  const counter = openRequestCounter(options.redisUrl);
  const board = openQueueBoard(options.redisUrl);
  const feed = await createEventFeed(db, options);
  const { uploadLimitBytes: limitBytes = Number.POSITIVE_INFINITY, diskReserveBytes: reserveBytes } = options;
  const uploadLimits = { limitBytes, reserveBytes };
  const now = () => performance.now();
  const disks = { home: options.home, ...folderOf(options.blobUrl) };
  const metrics = async () =>
    renderServiceMetrics(
      await readServiceFigures(db),
      await readDisks({ disks, reserveBytes }),
      await readClocks(db, blobs).then(skewSeconds, () => null),
    );
  const outgoing = { policy: { allowedHosts: options.outgoingAllow ?? [] }, openBox: lazySecretBox(options) };
  const reads = { ...openQueueReads(db), ...openDatasetReads(db) };
  const nudge = () => notify(db, 'strata_dispatch');
  const queue = predictionQueue(options.redisUrl);
  const predictions = { queue: queue.open, now };
  const parts = {
    db,
    feed,
    blobs,
    presignedS: options.presignedS ?? 0,
    uploadLimits,
    quota: options.tenantBytes ?? null,
    outgoing,
    openSigningKey: lazySigningKey(options),
    predictions,
    datasetFiles: openDatasetFiles(blobs),
    predictionFiles: openPredictionFiles(blobs),
    fetchPlaces: new FetchPlaces(),
    reads,
    nudge,
    storeJob: openJobWrites(db),
  };
  return {
    version: STRATA_VERSION,
    forTenant: memoize((tenant: string) => tenantClient(tenant, parts), { max: MAX_CLIENTS }),
    ...openKeyring(db, now),
    ...openSessions(outgoing.openBox, Date.now),
    countRequest: counter.countRequest,
    uploadTurns: allSayingUnavailable(uploadTurns(db)),
    forgetUploads: (kept, olderThanMs) => deleteUploadsExcept(db, kept, olderThanMs),
    getMetrics: sayingUnavailable(memoize(() => metrics(), { max: 1, age: { ms: METRICS_KEPT_MS, now } })),
    getReadiness: () => readReadiness({ db, blobs, redis, disks, reserveBytes }),
    drainWorker: sayingUnavailable((tenant, id) => drainWorker(db, tenant, id)),
    listWorkers: sayingUnavailable((tenant) => listWorkers(db, tenant)),
    showQueues: board.showQueues,
    async close() {
      counter.close();
      await Promise.all([feed.close(), redis.close(), board.close(), queue.close()]);
      await db.$disconnect();
    },
  };
}

/** Blobs may lie on a disk of their own. */
function folderOf(blobUrl: string): { blobs?: string } {
  return blobUrl.startsWith('file:') ? { blobs: fileURLToPath(blobUrl) } : {};
}

/** Maximum number of cached clients. */
const MAX_CLIENTS = 1_000;

/** Opened by the first prediction, because many servers never make one. */
function predictionQueue(redisUrl: string) {
  let opened: PredictionQueue | null = null;
  return {
    open(): PredictionQueue {
      // Connection errors are reported in the responses of the affected requests.
      opened ??= openPredictionQueue(
        redisUrl,
        { places: MAX_WAITING_PREDICTIONS, deadlineMs: PREDICTION_DEADLINE_MS },
        () => undefined,
      );
      return opened;
    },
    close: async () => opened?.close(),
  };
}
