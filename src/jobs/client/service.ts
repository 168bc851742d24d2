import type { JobsClient, JobsService } from '../../contract/jobs-client.js';
import { remember } from '../../planning/spec/remember.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { openBlobStore } from '../../storage/open.js';
import { lazySecretBox } from '../outgoing/secret-key.js';
import { openQueueBoard } from '../queue/board.js';
import { openPredictionQueue, type PredictionQueue } from '../queue/predictions.js';
import { openRedisProbe, type RedisProbe } from '../queue/redis.js';
import { openRequestCounter } from '../queue/request-counter.js';
import { openDatabase } from '../store/connection/database.js';
import { nudgeAfter } from '../store/connection/notify.js';
import { seedDatasets } from '../store/datasets.js';
import { readServiceFigures } from '../store/service-figures.js';
import { findWorkers } from '../store/workers.js';
import { artifactMethods } from './artifacts.js';
import { datasetMethods } from './datasets/datasets.js';
import { checkpointMethods } from './jobs/checkpoints.js';
import { type CreateParts, openJobWrites } from './jobs/create-job.js';
import { jobMethods } from './jobs/jobs.js';
import { openDatasetReads } from './jobs/new-job.js';
import { openQueueReads } from './jobs/queue-place.js';
import { listMethods } from './jobs/records.js';
import { trackerMethods } from './jobs/trackers.js';
import { apiKeyMethods } from './keys/api-keys.js';
import { openKeyring } from './keys/keyring.js';
import { modelMethods } from './models/models.js';
import { type PredictionParts, predictMethod } from './models/predict.js';
import { cachedFor } from './monitoring/cached.js';
import { renderServiceMetrics } from './monitoring/service-metrics.js';
import { planMethods } from './plans/plans.js';
import { profileMethods } from './plans/profiles.js';
import { createEventFeed, type EventFeed } from './together/event-feed.js';
import { sayingUnavailable } from './unavailable.js';
import { webhookMethods } from './webhooks.js';

export interface JobsServiceOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly blobUrl: string;
  /** Folder of the key that seals signing secrets, where no `secretKey` is given. */
  readonly home: string;
  /** 64 hex digits. */
  readonly secretKey?: string;
  /** Hosts that webhooks and trackers may have although they are private or speak plain HTTP. */
  readonly outgoingAllow?: readonly string[];
  /** Bytes that one upload may have; absent: any number. */
  readonly uploadLimitBytes?: number;
}

const PROBE_MS = 2_000;
/** However many scrape, and however often: one look at the tables in so long. */
const METRICS_KEPT_MS = 1_000;

/** Opens the jobs for the API. The database must be migrated. */
export async function createJobsService(options: JobsServiceOptions): Promise<JobsService> {
  const db = await openDatabase(options.databaseUrl);
  await seedDatasets(db);
  const redis = openRedisProbe(options.redisUrl);
  const counter = openRequestCounter(options.redisUrl);
  const board = openQueueBoard(options.redisUrl);
  const feed = await createEventFeed(db, options.databaseUrl);
  const blobs = openBlobStore(options.blobUrl);
  const { uploadLimitBytes = Number.POSITIVE_INFINITY } = options;
  const now = () => performance.now();
  const metrics = async () => renderServiceMetrics(await readServiceFigures(db));
  const monitoring = sayingUnavailable({ metrics: cachedFor(METRICS_KEPT_MS, now, metrics) });
  const outgoing = { policy: { allowedHosts: options.outgoingAllow ?? [] }, openBox: lazySecretBox(options) };
  const reads = { ...openQueueReads(db), ...openDatasetReads(db) };
  const nudge = nudgeAfter(db, 'strata_dispatch');
  const queue = predictionQueue(options.redisUrl);
  const predictions = { queue: queue.open, now };
  const parts = {
    db,
    redis,
    feed,
    blobs,
    uploadLimitBytes,
    outgoing,
    predictions,
    reads,
    nudge,
    storeJob: openJobWrites(db),
  };
  return {
    forTenant: remember(MAX_CLIENTS, (tenant: string) => clientOf(tenant, parts)),
    ...openKeyring(db, now),
    countRequest: counter.countRequest,
    ...monitoring,
    showQueues: board.showQueues,
    async close() {
      counter.close();
      await Promise.all([feed.close(), redis.close(), board.close(), queue.close()]);
      await db.$disconnect();
    },
  };
}

interface Parts extends CreateParts {
  readonly redis: RedisProbe;
  readonly feed: EventFeed;
  readonly blobs: BlobStore;
  readonly uploadLimitBytes: number;
  readonly predictions: PredictionParts;
}

/** Tenants whose clients are kept. */
const MAX_CLIENTS = 1_000;

function clientOf(tenant: string, parts: Parts): JobsClient {
  const { db, redis, feed, blobs, uploadLimitBytes, outgoing, predictions } = parts;
  return {
    ...sayingUnavailable({
      ...jobMethods(parts, tenant),
      ...planMethods(parts, tenant),
      ...profileMethods(parts, tenant),
      ...listMethods(db, tenant),
      ...datasetMethods({ db, blobs, uploadLimitBytes, policy: outgoing.policy }, tenant),
      ...apiKeyMethods(db, tenant),
      ...webhookMethods(db, tenant, outgoing),
      ...trackerMethods(db, tenant, outgoing),
      ...artifactMethods(db, tenant, blobs),
      ...modelMethods(db, tenant),
      ...checkpointMethods(db, tenant),
      ...predictMethod(db, tenant, predictions),
    }),
    followEvents: (jobId, after, signal) => feed.follow(tenant, jobId, after, signal),
    followLogs: (jobId, filter, signal) => feed.followLogs(tenant, jobId, filter, signal),
    async health() {
      const workers = findWorkers(db).catch(() => null);
      const [found, redisAnswers] = await Promise.all([workers, redis.answers(PROBE_MS)]);
      return {
        postgres: found ? 'up' : 'down',
        redis: redisAnswers ? 'up' : 'down',
        workers: found?.length ?? 0,
      };
    },
  };
}

/** Opened by the first prediction: many a server never makes one. */
function predictionQueue(redisUrl: string) {
  let opened: PredictionQueue | null = null;
  return {
    open(): PredictionQueue {
      // What its connections meet shows in the answers of those who ask.
      opened ??= openPredictionQueue(redisUrl, () => undefined);
      return opened;
    },
    close: async () => opened?.close(),
  };
}
