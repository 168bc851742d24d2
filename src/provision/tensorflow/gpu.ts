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

/** The TensorFlow build for this machine. NVIDIA's libraries are available as wheels for x64 only. */
export async function tensorflowVariant(env: NodeJS.ProcessEnv = process.env): Promise<Variant> {
  return process.arch === 'x64' && (await nvidiaGpus(env)).length > 0 ? 'cuda' : 'cpu';
}
