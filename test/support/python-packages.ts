import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheEntry, cacheRoot } from '../../src/provision/cache.js';
import { exec } from '../../src/provision/exec.js';

/** A folder with pinned packages from PyPI; a change of the pins makes another one. */
export async function pythonPackages(name: string, requirements: string): Promise<string> {
  const python = await exec('python3', ['-c', 'import sys; print("py%d%d" % sys.version_info[:2], end="")']);
  const pins = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12);
  const key = `test-${name}-${pins}-${python}-${process.arch}`;
  const { dir } = await cacheEntry(cacheRoot(), key, async (staging) => {
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-cache-dir'];
    const target = ['--no-deps', '--target', join(staging, 'packages')];
    await exec('python3', ['-m', 'pip', 'install', ...quiet, ...target, '--requirement', requirements]);
  });
  return join(dir, 'packages');
}
