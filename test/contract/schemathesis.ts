import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { cacheEntry, cacheRoot } from '../../src/provision/cache.js';
import { exec } from '../../src/provision/exec.js';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const START = 'from schemathesis.cli import schemathesis; schemathesis()';

export interface FuzzOptions {
  /** Cases come from it alone. */
  readonly seed: number;
  /** The most cases of an operation that each phase generates. */
  readonly examples: number;
  /** Absent: anonymous. */
  readonly apiKey?: string;
}

export interface FuzzReport {
  /** Requests made. */
  readonly cases: number;
  readonly operations: number;
  /** Empty when every check held. */
  readonly findings: string;
}

/** Sends what the contract at `url` allows, and what it does not, and applies every check to the answers. */
export async function fuzz(url: string, { seed, examples, apiKey }: FuzzOptions): Promise<FuzzReport> {
  const sent = apiKey ? ['--header', `Authorization:Bearer ${apiKey}`] : [];
  const args = ['--checks', 'all', '--seed', String(seed), '--max-examples', String(examples), ...sent];
  // It leaves its notes where it runs.
  const cwd = await mkdtemp(join(tmpdir(), 'strata-fuzz-'));
  const child = spawn(
    'python3',
    ['-c', START, '--config-file', here('schemathesis.toml'), 'run', `${url}/openapi.json`, ...args],
    { cwd, env: await environment(apiKey), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = once(child, 'exit');
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await ended;
  await rm(cwd, { recursive: true, force: true });
  const cases = Number(/(\d+) generated/.exec(out)?.[1] ?? 0);
  const operations = Number(/Tested: (\d+)/.exec(out)?.[1] ?? 0);
  if (cases === 0) throw new Error(`schemathesis did not run:\n${out}\n${errors}`);
  return { cases, operations, findings: code === 0 ? '' : `${out}\n${errors}` };
}

/** Where Python finds schemathesis: in a folder of the cache, installed at the first use. */
async function environment(apiKey = ''): Promise<NodeJS.ProcessEnv> {
  return {
    ...process.env,
    PYTHONPATH: await pythonPackages('schemathesis', here('requirements.txt')),
    SCHEMATHESIS_HOOKS_FILE: here('hooks.py'),
    API_KEY: apiKey,
  };
}

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
