import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { exec } from '../exec.js';
import type { Variant } from '../wheels/wheels.js';

/** Names of the NVIDIA GPUs that the driver shows, unless CUDA_VISIBLE_DEVICES hides them all. */
export async function nvidiaGpus(env: NodeJS.ProcessEnv = process.env): Promise<string[]> {
  const visible = env.CUDA_VISIBLE_DEVICES;
  if (visible === '' || visible === '-1') return [];
  const listed = await exec('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader']).catch(() => '');
  const names = listed.split('\n').filter(Boolean);
  return names.length > 0 ? names : gpusOfDriver();
}

async function gpusOfDriver(): Promise<string[]> {
  const dir = '/proc/driver/nvidia/gpus';
  return existsSync(dir) ? readdir(dir) : [];
}

/** The TensorFlow build for this machine: NVIDIA's libraries are wheels for x64 only. */
export async function tensorflowVariant(env: NodeJS.ProcessEnv = process.env): Promise<Variant> {
  return process.arch === 'x64' && (await nvidiaGpus(env)).length > 0 ? 'cuda' : 'cpu';
}
