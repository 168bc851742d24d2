import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { nodeCommand, TRAINER_FLAGS } from '../../src/jobs/worker/children/node-command.js';
import { inspectMachine, placeSlots } from '../../src/jobs/worker/slots/devices.js';
import { plannedOf, specOf, TRIALS, type Trial } from './trials.js';

const MB = 2 ** 20;
/**
 * The memory of a process that has run every kernel does not grow after the second, but for arrays of messages: those of a stage
 * are collected every sixth step at least.
 */
const MAX_STEPS = 12;
/** A stage has one thread where every stage has a core. */
const ONE_THREAD = { TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '1', OMP_NUM_THREADS: '1' };

/** A technique in a plan and in a process of its own. Times are multiples of the first trial's of the group. */
export interface TechniqueRow extends Pick<Trial, 'name' | 'group'> {
  readonly plannedMb: number;
  readonly ownMb: number;
  readonly milliseconds: number;
  readonly plannedTimes: number;
  readonly times: number;
}

export async function compareTechniques(steps: number, say: (line: string) => void): Promise<TechniqueRow[]> {
  const rows: TechniqueRow[] = [];
  const { devices } = placeSlots(await inspectMachine(), 1, 1);
  for (const trial of TRIALS) {
    if (specOf(trial).precision === 'bfloat16' && !devices.some(({ bfloat16 }) => bfloat16)) {
      say(`… ${trial.name} is left out: this machine would refuse such a job`);
      continue;
    }
    const first = TRIALS.find(({ group }) => group === trial.group)!;
    const measured = await measure(trial, Math.min(steps, MAX_STEPS));
    const [plan, plain] = [plannedOf(trial, devices), plannedOf(first, devices)];
    const plainRow = rows.find(({ group }) => group === trial.group);
    rows.push({
      ...{ name: trial.name, group: trial.group, ...measured },
      plannedMb: plan.memoryBytes / MB,
      plannedTimes: plan.stepSeconds / plain.stepSeconds,
      times: measured.milliseconds / (plainRow?.milliseconds ?? measured.milliseconds),
    });
    say(`… ${lineOf(rows.at(-1)!)}`);
  }
  return rows;
}

async function measure({ name }: Trial, steps: number): Promise<{ milliseconds: number; ownMb: number }> {
  const script = fileURLToPath(new URL('./process.ts', import.meta.url));
  const [command = '', ...args] = nodeCommand(script, TRAINER_FLAGS);
  const { stdout } = await promisify(execFile)(command, args, {
    env: { ...process.env, ...ONE_THREAD, BENCH_TRIAL: name, BENCH_STEPS: String(Math.max(2, steps)) },
  });
  return JSON.parse(stdout) as { milliseconds: number; ownMb: number };
}

export function techniqueLines(rows: readonly TechniqueRow[]): string[] {
  return [
    'batch 64, 32x32: memory in MB, and time as a multiple of the first row of the network, as planned by estimated rates and as measured',
    'network                  technique                        planned  measured   off by  planned  measured   off by',
    ...rows.map(lineOf),
  ];
}

function lineOf({ group, name, plannedMb, ownMb, plannedTimes, times }: TechniqueRow): string {
  const off = (planned: number, measured: number) =>
    `${planned > measured ? '+' : ''}${(100 * (planned / measured - 1)).toFixed(0)} %`;
  return [
    group.padEnd(23),
    name.padEnd(31),
    plannedMb.toFixed(0).padStart(7),
    ownMb.toFixed(0).padStart(8),
    off(plannedMb, ownMb).padStart(7),
    plannedTimes.toFixed(2).padStart(7),
    times.toFixed(2).padStart(8),
    off(plannedTimes, times).padStart(7),
  ].join('  ');
}
