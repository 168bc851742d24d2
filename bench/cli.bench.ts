import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { ROOT } from '../src/service/root.js';
import { type Benchmark, type BenchmarkOptions, type BenchmarkReport, median } from './benchmark.js';

const STRATA = join(ROOT, 'cli/strata.cjs');
const BUNDLE = join(ROOT, 'cli/dist/strata.cjs');

export const benchmark: Benchmark = {
  name: 'cli',
  title: 'CPU time of a start of `strata` beside bare node and npm, and the size of its bundle',
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
    ];
    const times = new Map(contenders.map(({ name }) => [name, [] as number[]]));
    // In turn, so that what else the machine does meets all of them alike.
    for (let step = -warmup; step < steps; step++)
      for (const { name, command } of contenders) {
        const ms = await cpuMs(command, folder);
        if (step >= 0) times.get(name)?.push(ms);
      }
    return report(times, await sizes());
  } finally {
    api.close();
    await rm(folder, { recursive: true });
  }
}

/** CPU time of user and system of a command, from the shell that waited for it. */
async function cpuMs([file = '', ...args]: readonly string[], home: string): Promise<number> {
  const script = 'TIMEFORMAT="%3U %3S"; { time "$@" >/dev/null 2>&1; } 2>&1';
  const { stdout } = await promisify(execFile)('bash', ['-c', script, 'bash', file, ...args], {
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

async function sizes(): Promise<{ bytes: number; gzipBytes: number }> {
  const bundle = await readFile(BUNDLE);
  return { bytes: bundle.length, gzipBytes: gzipSync(bundle).length };
}

function report(
  times: ReadonlyMap<string, readonly number[]>,
  bundle: { bytes: number; gzipBytes: number },
): BenchmarkReport {
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
    `bundle: ${(bundle.bytes / 1000).toFixed(0)} kB, ${(bundle.gzipBytes / 1000).toFixed(0)} kB gzipped`,
  ];
  return { lines, figures: { rows, bundle } };
}
