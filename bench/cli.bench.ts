import { execFile } from 'node:child_process';
import { mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { ROOT } from '../src/service/root.js';
import { type Benchmark, type BenchmarkOptions, type BenchmarkReport, median } from './benchmark.js';

const STRATA = join(ROOT, 'cli/strata.cjs');
const BUNDLES = ['strata.cjs', 'actions.cjs'].map((name) => join(ROOT, 'cli/dist', name));

export const benchmark: Benchmark = {
  name: 'cli',
  title: 'CPU time of a start of `strata` beside bare node and other commands, and their sizes',
  run,
};

interface Contender {
  readonly name: string;
  readonly command: readonly string[];
}

interface Row {
  readonly name: string;
  readonly medianMs: number;
  readonly fastestMs: number;
  readonly timesNode: number;
}

async function run({ steps, warmup }: BenchmarkOptions): Promise<BenchmarkReport> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-bench-'));
  const api = await emptyApi();
  const programs = await othersOnPath();
  try {
    const nothing = join(folder, 'nothing.cjs');
    await writeFile(nothing, '');
    const node = process.execPath;
    const contenders: Contender[] = [
      { name: 'bare node', command: [node, nothing] },
      { name: 'strata --version', command: [node, STRATA, '--version'] },
      { name: 'strata --help', command: [node, STRATA, '--help'] },
      { name: 'completion', command: [node, STRATA, '__complete', '--', 'jobs', '--state', ''] },
      { name: 'fetch in bare node', command: [node, '-e', `fetch('${api.url}/jobs').then((r) => r.json())`] },
      { name: 'strata jobs', command: [node, STRATA, 'jobs', '--url', api.url] },
      { name: 'npm --version', command: ['npm', '--version'] },
      ...programs.map(({ name, path }) => ({ name: `${name} --version`, command: [path, '--version'] })),
    ];
    const times = new Map(contenders.map(({ name }) => [name, [] as number[]]));
    // In turn, so that what else the machine does meets all of them alike.
    for (let step = -warmup; step < steps; step++)
      for (const { name, command } of contenders) {
        const ms = await cpuMs(command, folder);
        if (step >= 0) times.get(name)?.push(ms);
      }
    return report(times, [...(await bundles()), ...programs]);
  } finally {
    api.close();
    await rm(folder, { recursive: true });
  }
}

/** CPU time of user and system of a command, from the shell that waited for it. */
async function cpuMs([file = '', ...args]: readonly string[], home: string): Promise<number> {
  const script = 'TIMEFORMAT="%3U %3S"; { time "$@" >out 2>&1; } 2>&1';
  const { stdout } = await promisify(execFile)('bash', ['-c', script, 'bash', file, ...args], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home },
  });
  const [user = 0, system = 0] = stdout.trim().split(' ').map(Number);
  return 1000 * (user + system);
}

/** A server without jobs, in this process. */
async function emptyApi(): Promise<{ url: string; close(): void }> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end('{"data":[],"next":null}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return { url: `http://127.0.0.1:${address.port}`, close: () => server.close() };
}

interface Size {
  readonly name: string;
  readonly bytes: number;
  readonly of: string;
}

async function bundles(): Promise<Size[]> {
  const [tree, actions] = await Promise.all(BUNDLES.map((path) => readFile(path)));
  if (!tree || !actions) throw new Error('a bundle is missing');
  const gzipBytes = gzipSync(tree).length + gzipSync(actions).length;
  return [
    {
      name: 'strata',
      bytes: tree.length + actions.length,
      of: `${kilobytes(gzipBytes)} gzipped, without node`,
    },
    { name: 'strata --help', bytes: tree.length, of: 'the part that help and completion load' },
  ];
}

/** The commands of other services that are on the PATH: GitHub's is a binary, those of Ray and SkyPilot are Python. */
const OTHERS = [
  { name: 'gh', pythonPackage: null },
  { name: 'ray', pythonPackage: 'ray' },
  { name: 'sky', pythonPackage: 'skypilot' },
];

interface Program extends Size {
  readonly path: string;
}

async function othersOnPath(): Promise<Program[]> {
  const found: Program[] = [];
  for (const { name, pythonPackage } of OTHERS) {
    const path = await onPath(name);
    if (path === null) continue;
    if (pythonPackage === null) found.push({ name, path, bytes: (await stat(path)).size, of: 'one binary' });
    else {
      const bytes = await packageBytes(path, pythonPackage);
      found.push({
        name,
        path,
        bytes,
        of: `the files of ${pythonPackage}, without Python and other packages`,
      });
    }
  }
  return found;
}

async function onPath(name: string): Promise<string | null> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = await realpath(join(folder, name)).catch(() => null);
    if (path !== null) return path;
  }
  return null;
}

/** Asks the Python that the first line of a script names. */
async function packageBytes(script: string, name: string): Promise<number> {
  const [, python = 'python3'] = /^#!(\S+)/.exec(await readFile(script, 'utf8')) ?? [];
  const code = `from importlib.metadata import files; print(sum(f.size or 0 for f in files('${name}')))`;
  const { stdout } = await promisify(execFile)(python, ['-c', code]);
  return Number(stdout);
}

function kilobytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function report(times: ReadonlyMap<string, readonly number[]>, sizes: readonly Size[]): BenchmarkReport {
  const bare = median(times.get('bare node') ?? []);
  const rows = [...times].map(([name, all]): Row => {
    const middle = median(all);
    return {
      name,
      medianMs: Math.round(middle),
      fastestMs: Math.round(Math.min(...all)),
      timesNode: Number((middle / bare).toFixed(2)),
    };
  });
  const lines = [
    `${''.padEnd(20)} median CPU  fastest  x bare node`,
    ...rows.map(
      ({ name, medianMs, fastestMs, timesNode }) =>
        `${name.padEnd(20)} ${`${medianMs} ms`.padStart(10)}  ${`${fastestMs} ms`.padStart(7)}  ${timesNode.toFixed(2)}`,
    ),
    '',
    ...sizes.map(({ name, bytes, of }) => `${name.padEnd(20)} ${kilobytes(bytes).padStart(10)}  ${of}`),
  ];
  return { lines, figures: { rows, sizes: sizes.map(({ name, bytes, of }) => ({ name, bytes, of })) } };
}
