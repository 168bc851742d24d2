import { computingEnvironment } from '../children/trainer-command.js';
import type { SlotPlace } from './devices.js';

export interface TrainerSettings {
  readonly blobUrl: string;
  readonly threads: number;
}

/** The smallest thread pool: libuv's own default. */
const MIN_POOL = 4;

/** The environment of a trainer process on one slot: its threads, its device, and nothing of the servers. */
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
    UV_THREADPOOL_SIZE: String(Math.max(MIN_POOL, threads + 2)),
    TF_CPP_MIN_LOG_LEVEL: '2',
    STRATA_BFLOAT16: bfloat16 ? '1' : '0',
    ...(gpu !== null && { CUDA_VISIBLE_DEVICES: gpu, TF_FORCE_GPU_ALLOW_GROWTH: 'true' }),
  };
}
