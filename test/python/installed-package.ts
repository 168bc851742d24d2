import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exec } from '../../src/provision/exec.js';
import { ROOT } from '../../src/service/root.js';
import { pythonPackages } from '../support/python-packages.js';

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));

/** A Python that has the package's wheel installed, beside the packages that it needs and may need. */
export interface InstalledPackage {
  readonly python: string;
  /** Folder of the packages, for a `python3` of its own. */
  readonly packages: string;
}

/** Builds the wheel of `python/`, and installs it into a new environment in `folder`. */
export async function installPackage(folder: string): Promise<InstalledPackage> {
  const packages = await pythonPackages('strata-train', REQUIREMENTS);
  const env = { ...process.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' };
  const wheels = join(folder, 'wheels');
  await mkdir(wheels);
  const quiet = ['--quiet', '--disable-pip-version-check'];
  const build = ['--no-deps', '--no-build-isolation', '--wheel-dir', wheels, join(ROOT, 'python')];
  await exec('python3', ['-m', 'pip', 'wheel', ...quiet, ...build], { env });
  const [name] = await readdir(wheels);
  if (name === undefined) throw new Error('pip wheel wrote no wheel');
  const wheel = join(wheels, name);
  const venv = join(folder, 'venv');
  await exec('python3', ['-m', 'venv', '--without-pip', venv]);
  const python = join(venv, 'bin', 'python');
  const site = (
    await exec(python, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"), end="")'])
  ).trim();
  await exec('python3', [
    '-m',
    'pip',
    'install',
    ...quiet,
    '--no-deps',
    '--no-index',
    '--target',
    site,
    wheel,
  ]);
  await writeFile(join(site, 'packages.pth'), `${packages}\n`);
  return { python, packages };
}
