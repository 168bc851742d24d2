import { type BlobSettings, computingEnvironment } from '../children/trainer-command.js';
import type { SlotPlace } from './devices.js';

export interface TrainerSettings extends BlobSettings {
  readonly threads: number;
}

/** The minimum thread pool: libuv's default. */
const MIN_POOL = 4;

/** Environment of the trainer on a slot: its threads and its device, but no addresses of servers. */
export function trainerEnvironment(
  base: NodeJS.ProcessEnv,
  { threads, ...blobs }: TrainerSettings,
  { gpu, bfloat16 }: SlotPlace,
): NodeJS.ProcessEnv {
  // With this variable, TensorFlow's threads would wait for each other in malloc.
  const { MALLOC_ARENA_MAX: _, ...kept } = computingEnvironment(base, blobs);
  return {
    ...kept,
    STRATA_THREADS: String(threads),
    // Each slot gets its own cores. Without this limit, TensorFlow would use all cores in every slot.
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: '1',
    OMP_NUM_THREADS: String(threads),
    // This pool decodes `threads` images at a time and reads files.
    UV_THREADPOOL_SIZE: String(Math.max(MIN_POOL, threads + 2)),
    TF_CPP_MIN_LOG_LEVEL: '2',
    STRATA_BFLOAT16: bfloat16 ? '1' : '0',
    ...(gpu !== null && { CUDA_VISIBLE_DEVICES: gpu, TF_FORCE_GPU_ALLOW_GROWTH: 'true' }),
  };
}
