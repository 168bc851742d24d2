import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { forecast, slotsInUse } from '../client/src/timeline/index.js';
import type { components } from '../src/contract/generated/openapi.js';
import { processesOf } from '../test/faults/chaos/home-processes.js';
import { type Benchmark, type BenchmarkOptions, type BenchmarkReport, median } from './benchmark.js';
import { uploadNoise } from './noise.js';
import { call, type RunningService, startService } from './service.js';

type Schemas = components['schemas'];

/** Ten jobs. In those with `kill`, a trainer is killed when so much of the job is done, 0 to 1. */
const JOBS = [
  { stages: 1, kill: null },
  { stages: 1, kill: null },
  { stages: 1, kill: 0.4 },
  { stages: 2, kill: null },
  { stages: 2, kill: null },
  { stages: 2, kill: null },
  { stages: 2, kill: 0.4 },
  { stages: 4, kill: null },
  { stages: 4, kill: null },
  { stages: 4, kill: 0.4 },
] as const;
type Run = (typeof JOBS)[number];

const SLOTS = 2;
const IMAGES = 4_000;
const SIDE = 16;
const LOOK_MS = 250;
/** Shares of a job's time at which its estimates are compared. */
const MOMENTS = [0.25, 0.5, 0.75] as const;

export const benchmark: Benchmark = {
  name: 'forecast',
  title: 'the end of a job as the schedule of the dashboard expects it, and as it then was, of ten jobs',
  run,
};

/** An estimate of a job's end. Milliseconds since the epoch. */
interface Estimate {
  readonly at: number;
  readonly end: number;
}

interface Row {
  readonly run: Run;
  readonly seconds: number;
  /** (estimated end - end) / time of the job, for each moment. Null where nothing was expected yet. */
  readonly errors: readonly (number | null)[];
}

async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const service = await startService({ STRATA_SLOTS: String(SLOTS), STRATA_THREADS: '1' });
  try {
    await uploadNoise(service, 'noise', SIDE, IMAGES);
    const rows: Row[] = [];
    for (const each of JOBS) {
      const row = await watch(service, each);
      rows.push(row);
      say(lineOf(row));
    }
    return report(rows);
  } finally {
    await service.stop();
  }
}

async function watch(service: RunningService, each: Run): Promise<Row> {
  const { id } = await call<Schemas['Job']>(service, '/jobs', bodyOf(each));
  const estimates: Estimate[] = [];
  let isKilled = each.kill === null;
  for (;;) {
    const job = await call<Schemas['Job']>(service, `/jobs/${id}`);
    if (job.finished_at !== null && job.started_at !== null) {
      if (job.state !== 'succeeded') throw new Error(`${id} ${job.state}: ${JSON.stringify(job.error)}`);
      return rowOf(each, estimates, Date.parse(job.started_at), Date.parse(job.finished_at));
    }
    if (!isKilled && job.progress >= (each.kill ?? 1)) isKilled = killTrainer(service);
    estimates.push(...(await estimateOf(service, id)));
    await delay(LOOK_MS);
  }
}

const bodyOf = ({ stages }: Run) => ({
  dataset: 'noise',
  model: { depth: 20, width: 8 },
  method: { type: stages === 1 ? 'backprop' : 'augmented-lagrangian', stages, round_steps: 40 },
  epochs: 6,
  batch_size: 100,
  seed: 1,
});

async function estimateOf(service: RunningService, id: string): Promise<Estimate[]> {
  const [{ data: tasks }, { data: attempts }] = await Promise.all([
    call<Schemas['TaskList']>(service, `/jobs/${id}/tasks`),
    call<Schemas['AttemptList']>(service, `/jobs/${id}/attempts`),
  ]);
  const nowMs = Date.now();
  const rest = forecast(tasks, attempts, { slots: slotsInUse(attempts, nowMs), nowMs });
  return rest ? [{ at: nowMs, end: rest.end }] : [];
}

/** @returns whether there was one to kill */
function killTrainer({ pids }: RunningService): boolean {
  const home = homeOf(pids[0]!);
  const trainer = processesOf(home).find(({ pid }) => commandOf(pid).includes('trainer/main'));
  if (trainer) process.kill(trainer.pid, 'SIGKILL');
  return trainer !== undefined;
}

const homeOf = (pid: number): string =>
  /STRATA_HOME=([^\0]*)\0/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1] ?? '';

const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8');

function rowOf(each: Run, estimates: readonly Estimate[], start: number, end: number): Row {
  const errors = MOMENTS.map((share) => {
    const moment = start + share * (end - start);
    const latest = estimates.findLast(({ at }) => at <= moment);
    return latest ? (latest.end - end) / (end - start) : null;
  });
  return { run: each, seconds: (end - start) / 1000, errors };
}

function lineOf({ run: { stages, kill }, seconds, errors }: Row): string {
  const shown = errors.map((error) =>
    (error === null ? 'none' : `${(100 * error).toFixed(0)} %`).padStart(7),
  );
  return (
    `K=${stages}${kill === null ? '' : ', a trainer killed'}`.padEnd(26) +
    `${seconds.toFixed(1)} s`.padStart(8) +
    shown.join('')
  );
}

function report(rows: readonly Row[]): BenchmarkReport {
  const medians = MOMENTS.map((_, index) => {
    const known = rows.flatMap(({ errors }) => errors[index] ?? []);
    return { known: known.length, median: median(known.map(Math.abs)) };
  });
  const summary = medians.map(
    ({ known, median: error }, index) =>
      `at ${100 * (MOMENTS[index] ?? 0)} % of the time: ${(100 * error).toFixed(0)} % (${known} jobs)`,
  );
  return {
    lines: [
      `Error of the estimated end over the job's time, at ${MOMENTS.map((share) => `${100 * share} %`).join(', ')} of that time:`,
      ...rows.map(lineOf),
      `Median of its size ${summary.join('; ')}.`,
    ],
    figures: { jobs: rows, medians },
  };
}
