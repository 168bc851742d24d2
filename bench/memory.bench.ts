import { fileURLToPath } from 'node:url';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { Contender } from './contender.js';

const STAGES = ['0', '1', '2', '3'] as const;
/**
 * `auto` balances multiply-adds. A block costs as many in every group, but holds half as much from one group to the next:
 * `memory` balances what the stages keep, so its first is smaller and its last slower.
 */
const SPLITS = ['auto', 'memory'] as const;
/** Memory no longer grows after the first steps; more would only take time. */
const MAX_STEPS = 5;

export const benchmark: Benchmark = {
  name: 'memory',
  title: 'peak memory of a trainer of ResNet-110, batch 128: each of four stages against the serial one',
  run,
};

interface Row {
  readonly part: string;
  readonly baseMb: number;
  readonly peakMb: number;
  /** peak - base, over the serial process's. */
  readonly share: number;
}

/** One process after another, AuxNet, coupling and corrections included; what the runtime takes before is subtracted. */
async function run({ steps, say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const parts = SPLITS.flatMap((split) => STAGES.map((part) => ({ split, part })));
  const measured: Omit<Row, 'share'>[] = [];
  for (const { split, part } of [{ split: 'auto', part: 'serial' }, ...parts]) {
    const row = await measure(split, part, Math.min(steps, MAX_STEPS));
    say(`… ${row.part}: ${row.peakMb.toFixed(0)} MB`);
    measured.push(row);
  }
  const own = ({ baseMb, peakMb }: Omit<Row, 'share'>) => peakMb - baseMb;
  const rows = measured.map((row): Row => ({ ...row, share: own(row) / own(measured[0]!) }));
  return {
    lines: ['                         base MB  peak MB  of serial', ...rows.map(line)],
    figures: { rows },
  };
}

async function measure(split: string, part: string, steps: number): Promise<Omit<Row, 'share'>> {
  const script = fileURLToPath(new URL('./memory/process.ts', import.meta.url));
  const command = [process.execPath, '--import', 'tsx', script];
  const { contender, base_mb } = await Contender.start(part, command, {
    ...process.env,
    BENCH_PART: part,
    BENCH_SPLIT: split,
  });
  try {
    let peakMb = base_mb;
    for (let step = 0; step < steps; step++) peakMb = (await contender.step()).peak_mb;
    const name = part === 'serial' ? part : `stage ${part} of ${split}`;
    return { part: name, baseMb: base_mb, peakMb };
  } finally {
    await contender.stop();
  }
}

function line({ part, baseMb, peakMb, share }: Row): string {
  const columns = [
    baseMb.toFixed(0).padStart(7),
    peakMb.toFixed(0).padStart(7),
    share.toFixed(2).padStart(9),
  ];
  return [part.padEnd(23), ...columns].join('  ');
}
