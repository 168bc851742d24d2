import { availableParallelism } from 'node:os';
import { defaultSlots, type Settings } from '../contract/settings.js';
import { nvidiaGpus } from '../provision/tensorflow/gpu.js';
import { trainerLibraryPath } from '../provision/tensorflow/library-path.js';
import { compiledFile } from './compile.js';
import type { ChildSpec } from './supervisor.js';

export type ChildName = 'api' | 'dispatcher' | 'worker';

export const CHILDREN: Record<ChildName, string> = {
  api: 'src/api/server.ts',
  dispatcher: 'src/jobs/dispatcher/main.ts',
  worker: 'src/jobs/worker/main.ts',
};

/**
 * Node flags of the API: megabytes for young objects before a collection. With many requests, most of them then die
 * before they are copied: 15 % less time per request than with Node's default of 16 (docs/performance.md). Memory
 * is only used when needed.
 */
export const API_FLAGS: readonly string[] = ['--max-semi-space-size=32'];

/** Order of the stop: first no new requests, then no new work, then no dispatching. */
export const STOP_ORDER: readonly ChildName[] = ['api', 'worker', 'dispatcher'];

/**
 * When each is killed if it has not ended, in milliseconds since the stop began: a service manager kills the whole after
 * 30 s. A worker may need 20 s for its tasks' checkpoints. The servers stop together.
 */
export const STOP_BY_MS: Readonly<Record<ChildName | 'servers', number>> = {
  api: 2_000,
  worker: 24_000,
  dispatcher: 25_000,
  servers: 29_000,
};

/** Environment of the children, with all their settings. */
export async function childEnvironment(
  settings: Settings,
  urls: { databaseUrl: string; redisUrl: string },
): Promise<NodeJS.ProcessEnv> {
  const libraryPath = await trainerLibraryPath();
  const machine = { cores: availableParallelism(), gpus: (await nvidiaGpus()).length };
  return {
    ...process.env,
    // Without it, every thread would get its own malloc heap, which returns little memory. Trainers do not use this
    // setting.
    MALLOC_ARENA_MAX: process.env.MALLOC_ARENA_MAX ?? '1',
    // Trainers inherit it from the worker, because a process cannot change its own.
    ...(libraryPath && { LD_LIBRARY_PATH: libraryPath }),
    HOST: settings.host,
    PORT: String(settings.port),
    STRATA_HOME: settings.home,
    DATABASE_URL: urls.databaseUrl,
    DATABASE_DIRECT_URL: settings.directUrl,
    REDIS_URL: urls.redisUrl,
    BLOB_URL: settings.blobUrl,
    STRATA_SLOTS: String(settings.slots ?? defaultSlots(machine, settings.threads)),
    STRATA_THREADS: String(settings.threads),
    STRATA_RATE_LIMIT: String(settings.requestsPerMinute),
    STRATA_CHECKPOINT_S: String(settings.checkpointS),
    STRATA_NO_PROGRESS_S: String(settings.noProgressS),
    STRATA_TRAINER_IDLE_S: String(settings.trainerIdleS),
    STRATA_SECRET_KEY: settings.secretKey,
    STRATA_OUTGOING_ALLOW: settings.outgoingAllow.join(','),
    STRATA_RETENTION_DAYS: String(settings.retentionDays ?? ''),
    STRATA_TENANT_BYTES: String(settings.tenantBytes ?? ''),
    LOG_LEVEL: settings.logLevel,
  };
}

export function childSpec(
  name: ChildName,
  env: NodeJS.ProcessEnv,
  output: ChildSpec['output'],
  log: ChildSpec['log'],
): ChildSpec {
  const flags = name === 'api' ? API_FLAGS : [];
  return { name, file: compiledFile(CHILDREN[name]), flags, env, output, log };
}
