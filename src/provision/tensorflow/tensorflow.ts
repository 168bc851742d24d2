import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CacheEntry, cacheRoot, hasCacheEntry } from '../cache.js';
import { exec } from '../exec.js';
import { type Prerequisite, requireTools } from '../prerequisites.js';
import { type Part, type Progress, silent } from '../progress.js';
import type { Variant } from '../wheels/wheels.js';
import { bindingKey, bindingPackage, installBinding, provisionBinding } from './binding.js';
import { tensorflowVariant } from './gpu.js';
import { libraryKey, provisionLibrary, provisionNvidia } from './library.js';
import { trainerLibraryPath } from './library-path.js';

export { trainerLibraryPath };

/** The report of a child process that has loaded TensorFlow. */
export interface TensorFlowProbe {
  version: string;
  gpu: boolean;
  /** Start-up messages of TensorFlow: the processor instructions that it uses, and the devices that it found. */
  log: string;
}

/**
 * Makes `@tensorflow/tfjs-node-gpu` loadable in this checkout, from the cache if possible. docs/adr/0002 explains
 * why the install script of the package is not used.
 */
export async function provisionTensorFlow(progress: Progress = silent, root = cacheRoot()): Promise<Part[]> {
  const variant = await tensorflowVariant();
  await requireTools(...(await toolsNeeded(root, variant)));
  const parts: Part[] = [];
  const measure = async (name: string, work: () => Promise<CacheEntry>) => {
    const started = performance.now();
    const { dir, bytes, reused } = await work();
    parts.push({ name, seconds: (performance.now() - started) / 1000, bytes, reused });
    return dir;
  };
  const library = await measure(`libtensorflow (${variant})`, () =>
    provisionLibrary(root, variant, progress),
  );
  if (variant === 'cuda') await measure('CUDA and cuDNN', () => provisionNvidia(root, progress));
  const binding = await measure('TensorFlow binding', () =>
    provisionBinding(root, variant, library, progress),
  );
  await installBinding(library, binding);
  parts.push(...(await verifyOnce(variant, progress)));
  return parts;
}

async function toolsNeeded(root: string, variant: Variant): Promise<Prerequisite[]> {
  const [library, binding] = await Promise.all([
    hasCacheEntry(root, libraryKey(variant)),
    hasCacheEntry(root, bindingKey(variant)),
  ]);
  return [...(library ? [] : (['python3', 'pip'] as const)), ...(binding ? [] : (['g++'] as const))];
}

/** Proves once for each Node version and binding that everything loads and computes. */
async function verifyOnce(variant: Variant, progress: Progress): Promise<Part[]> {
  const mark = join(bindingPackage(), '.strata-verified');
  const wanted = `${bindingKey(variant)} node ${process.version}`;
  if ((await readFile(mark, 'utf8').catch(() => '')) === wanted) return [];
  const started = performance.now();
  await progress.step('verifying that TensorFlow computes', () => probeTensorFlow());
  await writeFile(mark, wanted);
  return [{ name: 'TensorFlow verified', seconds: (performance.now() - started) / 1000 }];
}

/** Loads TensorFlow in a child process and makes it compute. */
export async function probeTensorFlow(): Promise<TensorFlowProbe> {
  const probe = fileURLToPath(new URL('./probe.ts', import.meta.url));
  const libraryPath = await trainerLibraryPath();
  const env = {
    ...process.env,
    TF_CPP_MIN_LOG_LEVEL: '0',
    ...(libraryPath && { LD_LIBRARY_PATH: libraryPath }),
  };
  // 2>&1: TensorFlow describes the machine on standard error.
  const output = await exec(
    '/bin/sh',
    ['-c', '"$@" 2>&1', 'sh', process.execPath, '--import', 'tsx', probe],
    {
      env,
    },
  );
  const lines = output.split('\n');
  const answer = lines.find((line) => line.startsWith('{"version"')) ?? '{}';
  const log = lines.filter((line) => line !== answer).join('\n');
  return { ...(JSON.parse(answer) as Omit<TensorFlowProbe, 'log'>), log };
}
