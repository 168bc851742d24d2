// npm run bench [-- name ...] [--steps n] [--warmup n] [--file path]: runs bench/<name>.bench.ts (all without names),
// prints a report and writes it
// to bench/results/<name>.md, the figures to <name>.json, and docs/benchmarks.md anew.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { streamProgress } from '../src/provision/progress.js';
import { runCommand } from '../src/service/commands/command.js';
import { ROOT } from '../src/service/root.js';
import { setUp } from '../src/service/setup.js';
import type { Benchmark, BenchmarkReport } from './benchmark.js';
import { writeBenchmarksPage } from './page.js';

const FOLDER = join(ROOT, 'bench');
const SUFFIX = '.bench.ts';

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      steps: { type: 'string', default: '30' },
      warmup: { type: 'string', default: '3' },
      file: { type: 'string' },
    },
  });
  const steps = atLeastOne('--steps', values.steps);
  const warmup = atLeastOne('--warmup', values.warmup);
  await setUp(streamProgress());
  for (const benchmark of await findBenchmarks(positionals)) {
    console.log(`${benchmark.name}: ${benchmark.title}`);
    const machine = describeMachine();
    const report = await benchmark.run({ steps, warmup, file: values.file ?? null, say: console.log });
    console.log(report.lines.map((line) => `  ${line}`.trimEnd()).join('\n'));
    await store(benchmark, { steps, warmup, machine }, report);
  }
  await writeBenchmarksPage();
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

interface Conditions {
  readonly steps: number;
  readonly warmup: number;
  readonly machine: ReturnType<typeof describeMachine>;
}

async function store(
  { name, title }: Benchmark,
  conditions: Conditions,
  { lines, figures }: BenchmarkReport,
): Promise<void> {
  const at = new Date().toISOString();
  const folder = join(FOLDER, 'results');
  await mkdir(folder, { recursive: true });
  const result = { title, at, ...conditions, ...figures };
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  const { cpu, cores, load_before } = conditions.machine;
  const head = `# ${name}: ${title}\n\n${at}, ${cpu}, ${cores} cores, load ${load_before} before it began.\n`;
  await writeFile(join(folder, `${name}.md`), `${head}\n\`\`\`\n${lines.join('\n').trimEnd()}\n\`\`\`\n`);
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
