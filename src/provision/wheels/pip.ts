import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exec } from '../exec.js';
import { requirementsFile, type Wheel } from './wheels.js';

/** The oldest platform tags of the pinned wheels. The local Python version does not matter. */
const TARGET = [
  ...['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311', '--abi', 'none'],
  ...(process.arch === 'arm64'
    ? ['--platform', 'manylinux_2_28_aarch64', '--platform', 'manylinux_2_27_aarch64']
    : ['--platform', 'manylinux_2_28_x86_64', '--platform', 'manylinux_2_27_x86_64']),
  ...['--platform', process.arch === 'arm64' ? 'manylinux2014_aarch64' : 'manylinux2014_x86_64'],
];

/** Downloads wheels to `staging/wheels` and checks their sha256. @returns their paths */
export async function downloadWheels(wheels: readonly Wheel[], staging: string): Promise<string[]> {
  const dest = join(staging, 'wheels');
  const temp = join(staging, 'pip');
  const requirements = join(staging, 'requirements.txt');
  await mkdir(temp, { recursive: true });
  await writeFile(requirements, requirementsFile(wheels));
  const pip = ['-m', 'pip', '--disable-pip-version-check', 'download', '--quiet', '--progress-bar', 'off'];
  const only = ['--no-cache-dir', '--no-deps', '--only-binary=:all:', '--require-hashes', ...TARGET];
  // TMPDIR: a partial download is in the staging folder, which the next attempt removes.
  await exec('python3', [...pip, ...only, '-r', requirements, '--dest', dest], {
    env: { ...process.env, TMPDIR: temp },
  });
  await rm(temp, { recursive: true });
  await rm(requirements);
  return (await readdir(dest)).map((name) => join(dest, name));
}

/** Unpacks the members of a wheel that start with one of the prefixes, or all members without prefixes. */
export async function unpackWheel(wheel: string, dest: string, prefixes: readonly string[]): Promise<void> {
  const script = fileURLToPath(new URL('./unpack_wheel.py', import.meta.url));
  await exec('python3', [script, wheel, dest, ...prefixes]);
}

/** Size of a folder at this moment, for progress. Files may appear and disappear during the count. */
export async function folderBytes(dir: string): Promise<number> {
  const names = await readdir(dir, { recursive: true }).catch(() => []);
  const stats = await Promise.all(names.map((name) => stat(join(dir, name)).catch(() => undefined)));
  return stats.reduce((total, found) => total + (found?.isFile() ? found.size : 0), 0);
}
