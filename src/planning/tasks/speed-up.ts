import type { components } from '../../contract/generated/openapi.js';
import type { ResolvedMethod } from '../../contract/spec.js';
import { isPipelined, stageReplicasOf } from '../../method/methods.js';
import { type StepParts, unevenSpeedUp } from '../costs/index.js';
import { deviceKindOf } from '../forecast/device-kind.js';
import { rounded, trainsInParallel } from '../forecast/layouts.js';
import type { TrainedTask } from '../timed-task.js';

type JobResult = components['schemas']['JobResult'];
type SpeedUp = NonNullable<JobResult['speedup']>;
type Reason = NonNullable<JobResult['speedup_reason']>;

type Seconds = Readonly<Record<string, number>>;

/** Tasks and their number of optimizer steps. */
interface Work {
  readonly tasks: readonly TrainedTask[];
  readonly steps: number;
}

/**
 * Speed-up of the layer-parallel phase over the same steps made end to end on one device: measured, and predicted by
 * equation 27 (docs/method.md, "Speed-up, measured"). The phases of the joined network count in neither.
 * @param paused whether the job was paused at any time
 */
export function speedUpOf(
  method: ResolvedMethod,
  tasks: readonly TrainedTask[],
  paused: boolean,
): Pick<JobResult, 'speedup' | 'speedup_reason'> {
  if (isPipelined(method)) return speedUpOfGangs(tasks, paused);
  const serial = workOf(tasks, null, 1);
  const stages = Array.from({ length: method.stages }, (_, stage) => workOf(tasks, stage, method.stages));
  const missing = notComparable(method, tasks, serial, stages);
  if (missing) return { speedup: null, speedup_reason: missing };
  return compared(paused, {
    measured: measured(serial, stages),
    predicted: predicted(serial, stages, stageReplicasOf(method)),
  });
}

function compared(
  paused: boolean,
  { measured, predicted }: SpeedUp,
): Pick<JobResult, 'speedup' | 'speedup_reason'> {
  const speedup = { measured: paused ? null : measured, predicted };
  return { speedup, speedup_reason: paused ? 'paused' : measured === null ? 'no_times' : null };
}

/**
 * Speed-up of rounds that trainers share. Each has timed its own stages: the sum of what they compute is what one device would
 * compute, so that no end-to-end task is needed.
 */
function speedUpOfGangs(
  all: readonly TrainedTask[],
  paused: boolean,
): Pick<JobResult, 'speedup' | 'speedup_reason'> {
  const tasks = all.filter(({ kind }) => kind === 'stage');
  const missing = tasks.length === 0 ? 'no_stage_task' : notAlike(tasks);
  if (missing) return { speedup: null, speedup_reason: missing };
  const total = (of: (trainers: readonly Seconds[]) => number) =>
    tasks.reduce((sum, { trainers, seconds }) => sum + of(trainers ?? [seconds]), 0);
  const alone = total((trainers) => trainers.reduce((sum, parts) => sum + needed(parts), 0));
  const slowest = total((trainers) => Math.max(...trainers.map(computing)));
  return compared(paused, { measured: figure(alone / spanOf(tasks)), predicted: figure(alone / slowest) });
}

/** The reason why there is nothing to compare, or no times to compare by; null where there is none. */
function notComparable(
  method: ResolvedMethod,
  tasks: readonly TrainedTask[],
  serial: Work,
  stages: readonly Work[],
): Reason | null {
  if (method.stages === 1) return 'one_stage';
  if (!trainsInParallel(method)) return 'stages_in_turn';
  if (serial.steps === 0) return 'no_end_to_end_task';
  if (stages.some(({ steps }) => steps === 0)) return 'no_stage_task';
  return notAlike(tasks);
}

function notAlike(tasks: readonly TrainedTask[]): Reason | null {
  // An attempt's row keeps its own times alone: those of its forerunners are lost.
  if (tasks.some(({ attempt }) => attempt !== 1)) return 'repeated_task';
  const [first] = tasks;
  const alike = tasks.every(({ device }) => deviceKindOf(device) === deviceKindOf(first!.device));
  return alike ? null : 'mixed_devices';
}

function workOf(all: readonly TrainedTask[], stage: number | null, shares: number): Work {
  const tasks = all.filter((task) => task.stage === stage);
  return { tasks, steps: shares * tasks.reduce((sum, { weight }) => sum + weight, 0) };
}

function measured(serial: Work, stages: readonly Work[]): number | null {
  const secondsAStep = serial.tasks.reduce((sum, task) => sum + serialSeconds(task), 0) / serial.steps;
  // Every stage takes every step.
  const steps = stages[0]!.steps;
  return figure((secondsAStep * steps) / spanOf(stages.flatMap(({ tasks }) => tasks)));
}

/** Parts of a task's time that are not of a step: each replica reads every state of its round, and stores its own. */
const BESIDE_STEPS = new Set(['start', 'checkpoint', 'data_thread']);

/** Seconds of a trainer of a gang in its steps, without waiting for its neighbors. */
function computing(parts: Seconds): number {
  return stepSeconds(parts) - (parts.stream ?? 0);
}

/** The part of them that one device would spend too: it forwards each batch once. */
function needed(parts: Seconds): number {
  return computing(parts) - (parts.second_forward ?? 0);
}

function stepSeconds(parts: Seconds): number {
  return Object.entries(parts).reduce(
    (sum, [part, seconds]) => sum + (BESIDE_STEPS.has(part) ? 0 : seconds),
    0,
  );
}

/**
 * Seconds of a task of the joined network that one device would spend. One that trains it alone counts whole; of a
 * replica only its steps count, since one device has the fixed costs of a round once.
 */
function serialSeconds(task: TrainedTask): number {
  const hasSteps = Object.keys(task.seconds).some((part) => !BESIDE_STEPS.has(part));
  return task.replica === null || !hasSteps ? spanOf([task]) : stepSeconds(task.seconds);
}

/** Seconds from the first start to the last end. */
function spanOf(tasks: readonly TrainedTask[]): number {
  // reduce instead of a spread: a long job has more tasks than a call can take arguments.
  const start = tasks.reduce((first, { startedAt }) => Math.min(first, startedAt.getTime()), Infinity);
  const end = tasks.reduce((last, { finishedAt }) => Math.max(last, finishedAt.getTime()), -Infinity);
  return (end - start) / 1000;
}

/** @param replicas that share the steps of a stage, so that a device has fewer of them */
function predicted(serial: Work, stages: readonly Work[], replicas: number): number | null {
  const timed = [serial, ...stages].every(({ tasks }) => tasks.every(({ seconds }) => 'forward' in seconds));
  return timed
    ? figure(
        unevenSpeedUp(
          partsOf(serial),
          stages.map((stage) => partsOf(stage, replicas)),
        ),
      )
    : null;
}

/** A task may seem to take no time, if a clock is coarse or was set back. */
const figure = (value: number): number | null =>
  Number.isFinite(value) && value > 0 ? rounded(value) : null;

/** Seconds per step. Times that equation 27 does not include (spools, reports, checkpoints) are left out. */
function partsOf({ tasks, steps }: Work, devices = 1): StepParts {
  const mean = (...names: string[]) =>
    tasks.reduce((sum, { seconds }) => names.reduce((all, name) => all + (seconds[name] ?? 0), sum), 0) /
    (steps * devices);
  return {
    data: mean('data'),
    forward: mean('forward', 'loss'),
    backward: mean('backward', 'optimizer'),
    coupling: mean('coupling', 'head', 'variables'),
    auxiliaryForward: mean('auxiliary_forward'),
    auxiliaryBackward: mean('auxiliary_backward'),
  };
}
