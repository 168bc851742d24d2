import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheEntry, cacheRoot, hasCacheEntry } from '../../src/provision/cache.js';
import { exec } from '../../src/provision/exec.js';
import { streamProgress } from '../../src/provision/progress.js';

const TORCH = 'torch==2.15.0';
/** Packages that `import torch` needs. The CUDA packages (2 GB), which it also requests, are left out. */
const NEEDED = ['typing-extensions', 'sympy', 'networkx', 'jinja2', 'filelock', 'fsspec', 'setuptools>=77'];
const STAND_INS = fileURLToPath(new URL('./cuda_stand_ins.py', import.meta.url));
const STEP = fileURLToPath(new URL('./torch_step.py', import.meta.url));

export interface TorchCommand {
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The command that runs PyTorch, which is installed into the cache at first use. If that is impossible, null, and a
 * line with the reason.
 */
export async function torchCommand(say: (line: string) => void): Promise<TorchCommand | null> {
  try {
    const { dir } = await cacheEntry(cacheRoot(), await torchKey(), install);
    return { command: ['python3', STEP], env: environmentOf(dir) };
  } catch (error) {
    say(`PyTorch is left out: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

/** The environment in which `python3` has PyTorch, where a benchmark has installed it before; null elsewhere. */
export async function installedTorch(): Promise<NodeJS.ProcessEnv | null> {
  const key = await torchKey();
  return (await hasCacheEntry(cacheRoot(), key)) ? environmentOf(join(cacheRoot(), key)) : null;
}

async function torchKey(): Promise<string> {
  const version = 'import sys; print("py%d%d" % sys.version_info[:2], end="")';
  const python = await exec('python3', ['-c', version]);
  return `bench-${TORCH.replace('==', '-')}-${python}-${process.arch}`;
}

function environmentOf(dir: string): NodeJS.ProcessEnv {
  return {
    PYTHONPATH: join(dir, 'packages'),
    LD_LIBRARY_PATH: join(dir, 'cuda'),
    // It would warn that NumPy is not there, which nothing here uses.
    PYTHONWARNINGS: 'ignore',
  };
}

function install(staging: string): Promise<void> {
  const packages = join(staging, 'packages');
  const pip = (...what: string[]) =>
    exec('python3', ['-m', 'pip', 'install', '--quiet', '--no-cache-dir', '--target', packages, ...what]);
  return streamProgress().step('installing PyTorch as a peer (a download of 540 MB)', async () => {
    await pip(...NEEDED);
    await pip('--no-deps', TORCH);
    await exec('python3', [STAND_INS, join(packages, 'torch', 'lib'), join(staging, 'cuda')]);
  });
}
