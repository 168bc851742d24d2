// npm run bench [-- name ...] [--steps n] [--warmup n]: runs bench/<name>.bench.ts (all without names), prints a table and writes
// bench/results/<name>.json.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { streamProgress } from '../src/provision/progress.js';
import { runCommand } from '../src/service/command.js';
import { ROOT } from '../src/service/root.js';
import { setUp } from '../src/service/setup.js';
import { type Benchmark, type Summary, summarize } from './benchmark.js';

const FOLDER = join(ROOT, 'bench');
const SUFFIX = '.bench.ts';

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { steps: { type: 'string', default: '30' }, warmup: { type: 'string', default: '3' } },
  });
  const steps = atLeastOne('--steps', values.steps);
  const warmup = atLeastOne('--warmup', values.warmup);
  await setUp(streamProgress());
  for (const benchmark of await findBenchmarks(positionals)) {
    console.log(`${benchmark.name}: ${benchmark.title}`);
    const machine = describeMachine();
    const summaries = summarize(await benchmark.run({ steps, warmup, say: console.log }));
    console.log(table(summaries));
    await store(benchmark, { steps, warmup, machine }, summaries);
  }
});

function atLeastOne(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`${option} is '${text}', but must be a whole number from 1`);
}

async function findBenchmarks(names: readonly string[]): Promise<Benchmark[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith(SUFFIX)).sort();
  const known = files.map((file) => file.slice(0, -SUFFIX.length));
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`no benchmark ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  const wanted = names.length > 0 ? names : known;
  return Promise.all(
    wanted.map(async (name) => {
      const { benchmark } = (await import(`./${name}${SUFFIX}`)) as { benchmark: Benchmark };
      return benchmark;
    }),
  );
}

function table(summaries: readonly Summary[]): string {
  const rows = summaries.map(({ contender, version, medianMs, fastestMs, slowestMs, timesOurs }) =>
    [
      contender.padEnd(12),
      `${medianMs.toFixed(1).padStart(8)} ms`,
      `${fastestMs.toFixed(1).padStart(8)} .. ${slowestMs.toFixed(1).padEnd(8)}`,
      `${timesOurs.toFixed(2).padStart(6)}`,
      version,
    ].join('  '),
  );
  const head = `${''.padEnd(12)}  ${'median'.padStart(11)}  ${'fastest .. slowest'.padEnd(20)}  x ours`;
  return [head, ...rows].map((line) => `  ${line}`).join('\n');
}

async function store(
  benchmark: Benchmark,
  conditions: object,
  contenders: readonly Summary[],
): Promise<void> {
  const result = { title: benchmark.title, at: new Date().toISOString(), ...conditions, contenders };
  await mkdir(join(FOLDER, 'results'), { recursive: true });
  const path = join(FOLDER, 'results', `${benchmark.name}.json`);
  await writeFile(path, `${JSON.stringify(result, null, 2)}\n`);
}

/** Called before the measurement: a load above 0 is what else the machine does. */
function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_gb: Math.round(totalmem() / 1e9),
    node: process.version,
    load_before: Number((loadavg()[0] ?? 0).toFixed(1)),
  };
}
