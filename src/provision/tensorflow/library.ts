import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type CacheEntry, cacheEntry } from '../cache.js';
import type { Progress } from '../progress.js';
import { downloadWheels, folderBytes, unpackWheel } from '../wheels/pip.js';
import { type Variant, type Wheel, wheelSet } from '../wheels/wheels.js';

/** All headers that the two C++ files of the binding include, directly or indirectly. */
const HEADERS = [
  ...['c_api.h', 'c_api_macros.h', 'tf_attrtype.h', 'tf_buffer.h', 'tf_datatype.h', 'tf_status.h'],
  ...['tf_tensor.h', 'tf_tstring.h', 'eager/c_api.h'],
]
  .map((name) => `tensorflow/c/${name}`)
  .concat(['tensorflow/core/platform/ctstring.h', 'tensorflow/core/platform/ctstring_internal.h'])
  .concat(['tsl/platform/ctstring.h', 'tsl/platform/ctstring_internal.h', 'xla/tsl/c/tsl_status.h']);

export const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];

export function libraryKey(variant: Variant): string {
  const version = wheelSet('tensorflow', variant)[0]?.version;
  return `tensorflow-${version}-linux-${process.arch}-${variant}`;
}

/** libtensorflow and its C headers, from the official wheel: `lib/` and `include/` of a cache entry. */
export function provisionLibrary(root: string, variant: Variant, progress: Progress): Promise<CacheEntry> {
  const build = async (staging: string) => {
    const unpacked = join(staging, 'unpacked');
    await fetchWheels(wheelSet('tensorflow', variant), staging, unpacked, progress, [
      ...LIBRARIES.map((name) => `tensorflow/${name}`),
      ...HEADERS.map((name) => `tensorflow/include/${name}`),
    ]);
    await rename(join(unpacked, 'tensorflow/include'), join(staging, 'include'));
    await mkdir(join(staging, 'lib'));
    for (const name of LIBRARIES) {
      await rename(join(unpacked, 'tensorflow', name), join(staging, 'lib', name));
    }
    await rm(unpacked, { recursive: true });
  };
  return cacheEntry(root, libraryKey(variant), build, () => sayWaiting(progress));
}

/** CUDA and cuDNN, from the wheels of TensorFlow's `and-cuda` extra. */
export function provisionNvidia(root: string, progress: Progress): Promise<CacheEntry> {
  const build = (staging: string) => fetchWheels(wheelSet('nvidia'), staging, staging, progress, ['nvidia/']);
  return cacheEntry(root, nvidiaKey(), build, () => sayWaiting(progress));
}

/**
 * Two sets of pinned versions never share a folder: the key contains the newest library that TensorFlow opens with
 * dlopen.
 */
export function nvidiaKey(): string {
  const cudnn = wheelSet('nvidia').find((wheel) => wheel.name.startsWith('nvidia-cudnn'));
  return `nvidia-cudnn-${cudnn?.version}-linux-${process.arch}`;
}

async function fetchWheels(
  wheels: readonly Wheel[],
  staging: string,
  dest: string,
  progress: Progress,
  prefixes: readonly string[],
): Promise<void> {
  const what = wheels.length === 1 ? `${wheels[0]?.name} ${wheels[0]?.version}` : `${wheels.length} wheels`;
  const size = async () => `${Math.round((await folderBytes(staging)) / 1e6)} MB`;
  const paths = await progress.step(
    `downloading ${what} from PyPI`,
    () => downloadWheels(wheels, staging),
    size,
  );
  for (const path of paths) {
    await progress.step('unpacking', () => unpackWheel(path, dest, prefixes), size);
  }
  for (const folder of new Set(paths.map(dirname))) await rm(folder, { recursive: true });
}

export function sayWaiting(progress: Progress): void {
  progress.line('… waiting for another setup on this machine that installs the same part');
}
