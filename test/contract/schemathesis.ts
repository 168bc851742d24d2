import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { pythonPackages } from '../support/python-packages.js';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const START = 'from schemathesis.cli import schemathesis; schemathesis()';

export interface FuzzOptions {
  /** Cases come from it alone. */
  readonly seed: number;
  /** The most cases of an operation that each phase generates. */
  readonly examples: number;
  /** Absent: anonymous. */
  readonly apiKey?: string;
  /** Phases of schemathesis. Absent: all. */
  readonly phases?: readonly string[];
}

export interface FuzzReport {
  /** Requests made. */
  readonly cases: number;
  readonly operations: number;
  /** Empty when every check held. */
  readonly findings: string;
}

/** Sends what the contract at `url` allows, and what it does not, and applies every check to the answers. */
export async function fuzz(
  url: string,
  { seed, examples, apiKey, phases }: FuzzOptions,
): Promise<FuzzReport> {
  const sent = apiKey ? ['--header', `Authorization:Bearer ${apiKey}`] : [];
  const limits = ['--max-examples', String(examples), ...(phases ? ['--phases', phases.join(',')] : [])];
  // The time that making a case takes depends on the machine, and is no finding.
  const health = ['--suppress-health-check', 'too_slow'];
  const args = ['--checks', 'all', ...health, '--seed', String(seed), ...limits, ...sent];
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

/** The path on which Python finds schemathesis: a folder of the cache, installed at first use. */
async function environment(apiKey = ''): Promise<NodeJS.ProcessEnv> {
  return {
    ...process.env,
    PYTHONPATH: await pythonPackages('schemathesis', here('requirements.txt')),
    SCHEMATHESIS_HOOKS_FILE: here('hooks.py'),
    API_KEY: apiKey,
  };
}
