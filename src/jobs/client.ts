import type { JobsClient } from '../contract/jobs-client.js';
import { openBlobStore } from '../storage/open.js';
import { artifactMethods } from './client/artifacts.js';
import { createEventFeed } from './client/event-feed.js';
import { jobMethods } from './client/jobs.js';
import { listMethods } from './client/lists.js';
import { openRedisProbe } from './queue.js';
import { openDatabase } from './store/database.js';
import { seedDatasets } from './store/datasets.js';
import { findWorkers } from './store/workers.js';

export interface JobsClientOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly blobUrl: string;
}

const PROBE_MS = 2_000;

/** Opens the jobs for the API. The database must be migrated. */
export async function createJobsClient(options: JobsClientOptions): Promise<JobsClient> {
  const db = await openDatabase(options.databaseUrl);
  await seedDatasets(db);
  const redis = openRedisProbe(options.redisUrl);
  const feed = await createEventFeed(db, options.databaseUrl);
  return {
    ...jobMethods(db),
    ...listMethods(db),
    ...artifactMethods(db, openBlobStore(options.blobUrl)),
    followEvents: feed.follow,
    async health() {
      const workers = findWorkers(db).catch(() => null);
      const [found, redisAnswers] = await Promise.all([workers, redis.answers(PROBE_MS)]);
      return {
        postgres: found ? 'up' : 'down',
        redis: redisAnswers ? 'up' : 'down',
        workers: found?.length ?? 0,
      };
    },
    async close() {
      await Promise.all([feed.close(), redis.close()]);
      await db.$disconnect();
    },
  };
}
