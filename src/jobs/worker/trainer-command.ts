import { spawnSync } from 'node:child_process';
import type { SlotPlace } from './devices.js';

// Dies with its parent even if that is killed: a trainer must never run beside the attempt that replaced it.
const DIE_WITH_PARENT = ['setpriv', '--pdeathsig', 'KILL', '--'] as const;

/**
 * The command that starts a trainer tied to this process's life. Where `setpriv` is not to be had, the trainer sees
 * its IPC channel close, at the latest between two tasks; the fence keeps what it does until then out.
 */
export function tiedToParent(command: readonly string[]): string[] {
  const [setpriv, ...options] = DIE_WITH_PARENT;
  const works = spawnSync(setpriv, [...options, 'true'], { stdio: 'ignore' }).status === 0;
  return works ? [...DIE_WITH_PARENT, ...command] : [...command];
}

export interface TrainerSettings {
  readonly blobUrl: string;
  readonly threads: number;
}

/** Only the worker writes to Postgres, Redis and collectors: trainers do not learn where they are, and no secret. */
const WITHHELD = ['DATABASE_URL', 'REDIS_URL', 'STRATA_API_KEY', 'STRATA_SECRET_KEY'];
const WITHHELD_PREFIX = 'OTEL_';

/** What libuv takes by itself. */
const LEAST_POOL = 4;
/** Of the processes that compute: they know where blobs are, and nothing that could be told to anybody. */
export function computingEnvironment(base: NodeJS.ProcessEnv, blobUrl: string): NodeJS.ProcessEnv {
  const kept = Object.entries(base).filter(
    ([name]) => !WITHHELD.includes(name) && !name.startsWith(WITHHELD_PREFIX),
  );
  return { ...Object.fromEntries(kept), STRATA_BLOB_URL: blobUrl };
}

export function trainerEnvironment(
  base: NodeJS.ProcessEnv,
  { blobUrl, threads }: TrainerSettings,
  { gpu, bfloat16 }: SlotPlace,
): NodeJS.ProcessEnv {
  // TensorFlow's threads would wait for each other at malloc.
  const { MALLOC_ARENA_MAX: _, ...kept } = computingEnvironment(base, blobUrl);
  return {
    ...kept,
    STRATA_THREADS: String(threads),
    // Each slot gets its own cores; TensorFlow's pools would otherwise take all of them in every slot.
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: '1',
    OMP_NUM_THREADS: String(threads),
    // Encoded images are decoded there, `threads` at a time; files are read there too.
    UV_THREADPOOL_SIZE: String(Math.max(LEAST_POOL, threads + 2)),
    TF_CPP_MIN_LOG_LEVEL: '2',
    STRATA_BFLOAT16: bfloat16 ? '1' : '0',
    ...(gpu !== null && { CUDA_VISIBLE_DEVICES: String(gpu), TF_FORCE_GPU_ALLOW_GROWTH: 'true' }),
  };
}
