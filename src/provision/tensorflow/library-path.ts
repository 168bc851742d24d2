import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot } from '../cache.js';
import { tensorflowVariant } from './gpu.js';
import { nvidiaKey } from './library.js';

/**
 * LD_LIBRARY_PATH for a trainer process, or undefined if none is needed. TensorFlow's CUDA build looks for CUDA and
 * cuDNN there, and a running process cannot set it for itself.
 */
export async function trainerLibraryPath(env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  if ((await tensorflowVariant(env)) !== 'cuda') return undefined;
  const wheels = join(cacheRoot(env), nvidiaKey(), 'nvidia');
  const folders = (await readdir(wheels).catch(() => [])).map((name) => join(wheels, name, 'lib'));
  return [...folders, env.LD_LIBRARY_PATH].filter(Boolean).join(':');
}
