import pg from 'pg';
import type { components } from '../../src/contract/generated/openapi.js';
import { median } from '../benchmark.js';
import { call, type RunningService, secondsOfTask, settled, trained } from '../service.js';

type Schemas = components['schemas'];
type Task = Schemas['Task'];
type Seconds = Readonly<Record<string, number>>;

export interface PipelineFigures {
  readonly split: readonly number[];
  /** A step: its round from claim to end over its steps, filling and draining included. */
  readonly secondsPerStep: number;
  /** Share of the rounds' time in which each device waits for tensors, and passes them on. */
  readonly waitShares: readonly number[];
}

/** A job of `method.type: pipeline`, whose first round warms its trainers and does not count. */
export async function pipelineFigures(
  service: RunningService,
  body: object,
  roundSteps: number,
): Promise<PipelineFigures> {
  const { job, tasks } = await trained(service, body);
  const rounds = tasks.filter(({ kind, round }) => kind === 'stage' && round !== 0);
  const parts = await trainerSeconds(service, job.id);
  return {
    split: job.spec.method.split as number[],
    secondsPerStep: median(rounds.map(secondsOfTask)) / roundSteps,
    waitShares: waitShares(rounds.map((task) => ({ task, trainers: parts.get(task.key) ?? [] }))),
  };
}

/** @param rounds with the seconds that each of its trainers counted, by part */
export function waitShares(
  rounds: readonly { readonly task: Task; readonly trainers: readonly Seconds[] }[],
): number[] {
  const total = rounds.reduce((sum, { task }) => sum + secondsOfTask(task), 0);
  const devices = rounds[0]?.trainers.length ?? 0;
  return Array.from(
    { length: devices },
    (_, device) => rounds.reduce((sum, { trainers }) => sum + (trainers[device]?.stream ?? 0), 0) / total,
  );
}

/** Seconds of a job by task; the API tells the mean of its trainers alone. */
export async function trainerSeconds(
  { databaseUrl }: RunningService,
  jobId: string,
): Promise<Map<string, Seconds[]>> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ key: string; trainers: Seconds[] | null }>(
      'SELECT key, trainer_seconds AS trainers FROM task WHERE job_id = $1',
      [jobId],
    );
    return new Map(rows.map(({ key, trainers }) => [key, trainers ?? []]));
  } finally {
    await client.end();
  }
}

export interface SimulatedWay {
  readonly name: string;
  readonly speedUp: number;
  /** Share of the time in which a device waits, the mean over the devices. */
  readonly idleShare: number;
}

/** A plan of a job from the measured times of its network's parts and links of 1 Gbit/s. */
export async function measuredPlan(
  service: RunningService,
  job: object,
  devices: number,
): Promise<Schemas['Plan']> {
  const { id } = await call<Schemas['Profile']>(service, '/profiles', { job });
  const profile = await settled<Schemas['Profile']>(service, `/profiles/${id}`, 'queued', 'running');
  if (profile.state !== 'succeeded') throw new Error(`the profile ${profile.state}`);
  const plan = await call<Schemas['Plan']>(service, '/plans', { job, devices });
  if (plan.profile === null) throw new Error('the plan rests on no measured parts');
  return plan;
}

/**
 * The split by measured seconds into a number of stages that the plan's job does not have itself.
 * @throws RangeError without one
 */
export function measuredSplit({ speedups }: Schemas['Plan'], stages: number): readonly number[] {
  const found = speedups.find((row) => row.stages === stages);
  if (!found) throw new RangeError(`the plan has no split into ${stages} stages`);
  return found.split;
}

/** Ways to train on the plan's devices, as it simulates them. */
export function simulatedWays({ layouts, schedules }: Schemas['Plan']): SimulatedWay[] {
  const serial = layouts.find(({ stages, replicas }) => stages === 1 && replicas === 1);
  if (!serial) throw new RangeError('the plan has no serial layout');
  return schedules.map(({ name, step_seconds, bubble_share }) => ({
    ...{ name, speedUp: serial.step_seconds / step_seconds, idleShare: bubble_share },
  }));
}
