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
 * Of the API's Node: megabytes that young objects may fill before they are collected. Under a flood of requests most then die
 * before anybody copies them: 15 % less time a request than with Node's 16 (docs/performance.md). It fills no more than it needs.
 */
export const API_FLAGS: readonly string[] = ['--max-semi-space-size=32'];

/** Ended in this order: no new requests, then no new work, then nothing left to dispatch. */
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

/** The environment that tells each child its settings, all of them explicit. */
export async function childEnvironment(
  settings: Settings,
  urls: { databaseUrl: string; redisUrl: string },
): Promise<NodeJS.ProcessEnv> {
  const libraryPath = await trainerLibraryPath();
  const machine = { cores: availableParallelism(), gpus: (await nvidiaGpus()).length };
  return {
    ...process.env,
    // Every thread would get a heap of malloc's own, of which little is given back. Trainers do without this.
    MALLOC_ARENA_MAX: process.env.MALLOC_ARENA_MAX ?? '1',
    // Trainers inherit it from the worker: a process cannot change its own.
    ...(libraryPath && { LD_LIBRARY_PATH: libraryPath }),
    HOST: settings.host,
    PORT: String(settings.port),
    STRATA_HOME: settings.home,
    DATABASE_URL: urls.databaseUrl,
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
