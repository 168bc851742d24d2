import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { nodeCommand, TRAINER_FLAGS } from '../src/jobs/worker/children/node-command.js';
import { MEMORY_POLICIES, type MemoryPolicy } from '../src/method/index.js';
import {
  costsByRates,
  ESTIMATED_RATES,
  keptBy,
  secondsAgain,
  wholeCost,
} from '../src/planning/costs/index.js';
import { methodOf, networkOf, plannedBytes, type Trial } from './activations/network.js';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';

/** More change neither memory nor the mean of processor times much. */
const MAX_STEPS = 3;
const MB = 2 ** 20;
/** Bytes of the device in which the largest network is sought. */
const DEVICE = 2 ** 30;
const POLICIES = Object.keys(MEMORY_POLICIES) as MemoryPolicy[];
const EXACT = { policy: 'stash', maxBytes: null } as const;

type Part = Pick<Trial, 'model' | 'blocks' | 'batch'> & { readonly name: string };
const RESNET_110 = { family: 'resnet', depth: 110, width: 16 } as const;
const WRN_28_10 = { family: 'wide-resnet', depth: 28, width: 10 } as const;
const PARTS: readonly Part[] = [
  { name: 'ResNet-110, batch 32', model: RESNET_110, blocks: null, batch: 32 },
  { name: 'ResNet-110, first of four stages, batch 64', model: RESNET_110, blocks: [0, 11], batch: 64 },
  { name: 'WRN-28-10, first of four stages, batch 8', model: WRN_28_10, blocks: [0, 3], batch: 8 },
];

export const benchmark: Benchmark = {
  name: 'activations',
  title:
    'memory and processor time of a step by memory policy, beside the plan; and the deepest network in 1 GiB',
  run,
};

interface Row {
  readonly name: string;
  readonly policy: string;
  readonly milliseconds: number | null;
  /** As multiples of the first row of the part: measured, and by the rates of a plan without measurements. */
  readonly timesPlain: number | null;
  readonly plannedTimes: number | null;
  readonly ownMb: number;
  readonly plannedMb: number;
}

async function run({ steps, say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const count = Math.min(steps, MAX_STEPS);
  const rows: Row[] = [];
  for (const part of PARTS) rows.push(...(await rowsOf(part, count, say)));
  const deepest: (Row & { readonly depth: number })[] = [];
  for (const policy of POLICIES) {
    const trial = deepestIn(policy);
    const { depth } = trial.model;
    const row = await rowOf(`ResNet-${depth}, batch 128`, policy, trial);
    say(`… ${line(row)}`);
    deepest.push({ ...row, depth });
  }
  return {
    lines: [
      HEADER,
      ...rows.map(line),
      '',
      'the deepest ResNet of width 16 whose plan is within 1,024 MB',
      ...deepest.map(line),
    ],
    figures: { rows, deepest },
  };
}

async function rowsOf({ name, ...part }: Part, steps: number, say: (line: string) => void): Promise<Row[]> {
  const plain: Trial = { ...part, parts: 1, optimizer: 'sgd', memory: EXACT, steps };
  const half = (4 * part.batch * keptBy(wholeCost(networkOf(plain)), methodOf(EXACT), part.batch).kept) / 2;
  const memories = [
    ...POLICIES.map((policy) => ({ label: policy as string, memory: { policy, maxBytes: null } })),
    { label: 'half', memory: { policy: 'recompute' as const, maxBytes: Math.round(half) } },
  ];
  const rows: Row[] = [];
  for (const { label, memory } of memories) {
    const row = await rowOf(name, label, { ...plain, memory });
    rows.push(row);
    say(`… ${line(row)}`);
  }
  const first = rows[0]!.milliseconds!;
  return rows.map((row) => ({ ...row, timesPlain: row.milliseconds! / first }));
}

async function rowOf(name: string, policy: string, trial: Trial): Promise<Row> {
  const script = fileURLToPath(new URL('./activations/process.ts', import.meta.url));
  const [command = '', ...args] = nodeCommand(script, TRAINER_FLAGS);
  const { stdout } = await promisify(execFile)(command, args, {
    env: { ...ONE_THREAD, ...process.env, BENCH_TRIAL: JSON.stringify(trial) },
  });
  const measured = JSON.parse(stdout) as { milliseconds: number | null; ownMb: number };
  const cost = wholeCost(networkOf(trial));
  const costs = costsByRates(ESTIMATED_RATES);
  const { forward, backward } = costs.layers({ work: cost.work, start: 0, end: 1 });
  const again = secondsAgain(cost, methodOf(trial.memory), costs, trial.batch);
  return {
    ...{ name, policy, ...measured, timesPlain: null },
    plannedTimes: 1 + again / (trial.batch * (forward + backward)),
    plannedMb: plannedBytes(trial) / MB,
  };
}

/** A stage has one thread where every stage has a core. */
const ONE_THREAD = { TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '1', OMP_NUM_THREADS: '1' };

/** ResNet-(6n+2) with the largest n whose plan fits. */
function deepestIn(policy: MemoryPolicy): Trial {
  const of = (n: number): Trial => ({
    model: { ...RESNET_110, depth: 6 * n + 2 },
    ...{ blocks: null, batch: 128, parts: 1, optimizer: 'sgd', steps: 1 },
    memory: { policy, maxBytes: null },
  });
  let [fits, most] = [1, 4096];
  while (most - fits > 1) {
    const middle = Math.floor((fits + most) / 2);
    if (plannedBytes(of(middle)) <= DEVICE) fits = middle;
    else most = middle;
  }
  return of(fits);
}

const HEADER =
  'part                                          kept        ms/step  x stash  planned   own MB  planned';

function line({ name, policy, milliseconds, timesPlain, plannedTimes, ownMb, plannedMb }: Row): string {
  const figure = (value: number | null, digits: number, width: number) =>
    (value === null ? '-' : value.toFixed(digits)).padStart(width);
  return [
    name.padEnd(44),
    policy.padEnd(10),
    figure(milliseconds, 0, 8),
    figure(timesPlain, 2, 7),
    figure(timesPlain === null ? null : plannedTimes, 2, 7),
    figure(ownMb, 0, 7),
    figure(plannedMb, 0, 7),
  ].join('  ');
}
