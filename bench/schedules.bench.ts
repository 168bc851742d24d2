import { chimera } from '../src/planning/schedules/chimera.js';
import { runSchedule } from '../src/planning/schedules/run-schedule.js';
import {
  gpipe,
  interleaved,
  oneForwardOneBackward,
  type Schedule,
  type Times,
  zeroBubble,
} from '../src/planning/schedules/schedule.js';
import type { Benchmark, BenchmarkReport } from './benchmark.js';

const DEVICES = [2, 4, 8, 16, 32] as const;
/** Micro-batches of a batch, for each device. */
const MICRO_BATCHES = 4;
/** Steps of a round, and rounds of a job. */
const ROUND_STEPS = 100;
const ROUNDS = 100;
/** A backward pass is twice a forward pass: as many multiply-adds for either gradient. */
const TIMES: Times = { forward: 1, input: 1, weights: 1 };

export interface ScheduleRow {
  readonly schedule: string;
  readonly devices: number;
  /** Share of the time in which a device waits. */
  readonly bubble: number;
  /** Activations that the fullest device keeps, in those of a stage for one whole batch. */
  readonly keptBatches: number;
}

export const benchmark: Benchmark = {
  name: 'schedules',
  title:
    'share of the time in which devices wait, and batches of activations on the fullest device, for equal stages and free messages (simulated)',
  run: async () => report(DEVICES.flatMap(rowsOf)),
};

/** Every schedule on as many devices as the network has stages. */
export function rowsOf(devices: number): ScheduleRow[] {
  const micro = MICRO_BATCHES * devices;
  const within = [
    gpipe(devices, micro),
    oneForwardOneBackward(devices, micro),
    interleaved(devices, micro, 2),
    zeroBubble(devices, micro),
    chimera(devices, micro),
  ].map((schedule) => rowOf(schedule, devices, micro));
  // A pipeline of Strata is 1F1B over the whole batches of a round, with an update after each.
  const pipeline = { ...oneForwardOneBackward(devices, ROUND_STEPS), name: 'pipeline' };
  const rounds = { schedule: 'augmented-lagrangian', devices, keptBatches: 1 };
  return [
    ...within,
    rowOf(pipeline, devices, 1),
    { ...rounds, bubble: (devices - 1) / (ROUNDS + devices - 1) },
  ];
}

/** @param parts of a batch that pass a stage one by one */
function rowOf(schedule: Schedule, devices: number, parts: number): ScheduleRow {
  const { bubble, kept } = runSchedule(schedule, TIMES);
  return { schedule: schedule.name, devices, bubble, keptBatches: kept / parts };
}

function report(rows: readonly ScheduleRow[]): BenchmarkReport {
  const names = [...new Set(rows.map(({ schedule }) => schedule))];
  const head = ['schedule'.padEnd(22), ...DEVICES.map((devices) => `${devices} devices`.padStart(14))];
  const lines = names.map((name) => {
    const cells = rows
      .filter(({ schedule }) => schedule === name)
      .map(({ bubble, keptBatches }) => `${(100 * bubble).toFixed(1)} %, ${keptBatches.toFixed(2)}`);
    return [name.padEnd(22), ...cells.map((cell) => cell.padStart(14))].join('');
  });
  return { lines: [head.join(''), ...lines], figures: { rows } };
}
