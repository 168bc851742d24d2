import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { GPU_LIST, parseGpuCards, visibleGpus } from '../../contract/gpus.js';
import { exec } from '../exec.js';
import type { Variant } from '../wheels/wheels.js';

/** Names of the NVIDIA GPUs that CUDA_VISIBLE_DEVICES leaves visible. */
export async function nvidiaGpus(env: NodeJS.ProcessEnv = process.env): Promise<string[]> {
  const visible = env.CUDA_VISIBLE_DEVICES;
  const cards = parseGpuCards(await exec('nvidia-smi', GPU_LIST).catch(() => ''), '');
  if (cards.length > 0) return visibleGpus(cards, visible).map(({ name }) => name);
  return visible === undefined ? gpusOfDriver() : [];
}

async function gpusOfDriver(): Promise<string[]> {
  const dir = '/proc/driver/nvidia/gpus';
  return existsSync(dir) ? readdir(dir) : [];
}

/**
 * The TensorFlow build for this machine. NVIDIA's libraries are available as wheels for x64 only. STRATA_TENSORFLOW names
 * one for a machine without the GPUs that it is set up for, such as that on which an image is built.
 */
export async function tensorflowVariant(env: NodeJS.ProcessEnv = process.env): Promise<Variant> {
  const wanted = env.STRATA_TENSORFLOW || undefined;
  if (wanted === 'cpu' || (wanted === 'cuda' && process.arch === 'x64')) return wanted;
  if (wanted !== undefined)
    throw new Error(
      `STRATA_TENSORFLOW is '${wanted}', but must be cpu, or cuda on x64. Unset it to let setup choose.`,
    );
  return process.arch === 'x64' && (await nvidiaGpus(env)).length > 0 ? 'cuda' : 'cpu';
}
