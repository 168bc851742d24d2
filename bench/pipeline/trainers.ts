import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DatasetFacts, ResolvedSpec } from '../../src/contract/spec.js';
import type { TaskSuccess } from '../../src/contract/trainer-protocol.js';
import { TrainerChild } from '../../src/jobs/worker/children/trainer-child.js';
import { tiedToParent } from '../../src/jobs/worker/children/trainer-command.js';
import { trainerEnvironment } from '../../src/jobs/worker/slots/trainer-environment.js';
import { type PlannedTask, planTasks } from '../../src/planning/tasks/task-graph.js';

const MAIN = fileURLToPath(new URL('../../src/trainer/main.ts', import.meta.url));

/** Pace of a stage task: shares and seconds from the report of the trainer. */
export interface TaskPace {
  readonly task: string;
  readonly stage: number;
  readonly imagesPerSecond: number;
  readonly dataWaitShare: number;
  /** Time of the thread that prepares batches, per image. */
  readonly preparingMs: number;
}

export interface JobPace {
  readonly tasks: readonly TaskPace[];
  /** High-water mark of each stage's trainer, in MB. */
  readonly peakMb: readonly number[];
}

/**
 * Runs the first `rounds` of a job's layer-parallel phase as a worker would: a trainer process for each stage, one thread each,
 * both at work at once.
 */
export async function runStages(
  spec: ResolvedSpec,
  dataset: DatasetFacts,
  rounds: number,
  blobUrl: string,
): Promise<JobPace> {
  const place = { device: 'cpu:0', gpu: null, bfloat16: false };
  const environment = trainerEnvironment(process.env, { blobUrl, threads: 1 }, place);
  const command = tiedToParent([process.execPath, '--import', 'tsx', MAIN]);
  const trainers = spec.method.split.map(() => new TrainerChild(command, environment));
  try {
    await Promise.all(trainers.map(({ ready }) => ready));
    const wanted = planTasks(spec, dataset).filter(
      ({ kind, round }) => kind === 'prepare' || (kind === 'stage' && round! < rounds),
    );
    const tasks = await runInOrder(wanted, trainers, spec, dataset);
    return { tasks, peakMb: await Promise.all(trainers.map(peakMb)) };
  } finally {
    await Promise.all(trainers.map((trainer) => trainer.kill('the benchmark is over')));
  }
}

/** Each stage's tasks one after another in its trainer, none before what it reads. */
async function runInOrder(
  tasks: readonly PlannedTask[],
  trainers: readonly TrainerChild[],
  spec: ResolvedSpec,
  dataset: DatasetFacts,
): Promise<TaskPace[]> {
  const ended = new Map<string, Promise<Ended>>();
  const last = trainers.map(() => Promise.resolve<unknown>(null));
  for (const task of tasks) {
    const slot = task.stage ?? 0;
    const before = last[slot]!;
    const run = async () => {
      await before;
      const inputs = await inputsOf(task, ended);
      return runTask(trainers[slot]!, task, { spec, dataset, inputs });
    };
    const result = run();
    ended.set(task.key, result);
    last[slot] = result;
  }
  return (await Promise.all(ended.values())).flatMap(({ pace }) => pace ?? []);
}

interface Ended {
  readonly success: TaskSuccess;
  readonly pace: TaskPace | null;
}

async function inputsOf({ inputs }: PlannedTask, ended: ReadonlyMap<string, Promise<Ended>>) {
  const entries = Object.entries(inputs).map(async ([name, { task, output }]) => {
    const { success } = await ended.get(task)!;
    return [name, success.outputs[output]!.uri] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function runTask(
  trainer: TrainerChild,
  { key, kind, stage, round, replica }: PlannedTask,
  given: Pick<Parameters<TrainerChild['run']>[0], 'spec' | 'dataset' | 'inputs'>,
): Promise<Ended> {
  const metrics = new Map<string, number>();
  let steps = 0;
  const assignment = { task_id: key, job_id: 'bench', attempt: 1, kind, stage, round, replica, ...given };
  const outcome = await trainer.run(assignment, (report) => {
    if (report.type === 'progress') steps = report.total;
    if (report.type === 'metrics') for (const { name, value } of report.samples) metrics.set(name, value);
  });
  if (outcome.kind !== 'succeeded') throw new Error(`${key}: ${JSON.stringify(outcome)}`);
  if (stage === null) return { success: outcome.success, pace: null };
  const images = steps * given.spec.batch_size;
  return {
    success: outcome.success,
    pace: {
      task: key,
      stage,
      imagesPerSecond: metrics.get('images_per_second')!,
      dataWaitShare: metrics.get('data_wait_share')!,
      preparingMs: (1000 * outcome.success.seconds.data_thread!) / images,
    },
  };
}

async function peakMb(trainer: TrainerChild): Promise<number> {
  const status = readFileSync(`/proc/${trainer.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}
