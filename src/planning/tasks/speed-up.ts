import type { components } from '../../contract/generated/openapi.js';
import type { ResolvedMethod } from '../../contract/spec.js';
import { type StepParts, unevenSpeedUp } from '../costs/index.js';
import { deviceKindOf } from '../forecast/device-kind.js';
import { rounded, trainsInParallel } from '../forecast/layouts.js';
import type { TrainedTask } from '../timed-task.js';

type SpeedUp = components['schemas']['JobResult']['speedup'];

/** Tasks and their number of optimizer steps. */
interface Work {
  readonly tasks: readonly TrainedTask[];
  readonly steps: number;
}

/**
 * Speed-up of the layer-parallel phase over the same steps of the joined network on one device, measured and as
 * equation 27 predicts it (docs/method.md, "Speed-up, measured"). Both exclude the phases of the joined network.
 * @param paused whether the job was ever paused
 * @returns null if there is nothing to compare, or if times are missing
 */
export function speedUpOf(method: ResolvedMethod, tasks: readonly TrainedTask[], paused: boolean): SpeedUp {
  if (method.stages === 1 || !trainsInParallel(method)) return null;
  // The row of an attempt has only its own times; those of earlier attempts are lost. Times of a GPU and a CPU are
  // not comparable.
  const comparable = tasks.every(
    ({ attempt, device }) => attempt === 1 && deviceKindOf(device) === deviceKindOf(tasks[0]!.device),
  );
  const serial = workOf(tasks, null, 1);
  const stages = Array.from({ length: method.stages }, (_, stage) => workOf(tasks, stage, method.stages));
  if (!comparable || [serial, ...stages].some(({ steps }) => steps === 0)) return null;
  return { measured: paused ? null : measured(serial, stages), predicted: predicted(serial, stages) };
}

function workOf(all: readonly TrainedTask[], stage: number | null, shares: number): Work {
  const tasks = all.filter((task) => task.stage === stage);
  return { tasks, steps: shares * tasks.reduce((sum, { weight }) => sum + weight, 0) };
}

function measured(serial: Work, stages: readonly Work[]): number | null {
  const secondsAStep = serial.tasks.reduce((sum, task) => sum + spanOf([task]), 0) / serial.steps;
  // Every stage runs every step.
  const steps = stages[0]!.steps;
  return figure((secondsAStep * steps) / spanOf(stages.flatMap(({ tasks }) => tasks)));
}

/** Seconds from the first start to the last end. */
function spanOf(tasks: readonly TrainedTask[]): number {
  // reduce instead of a spread: a long job has more tasks than a call can take arguments.
  const start = tasks.reduce((first, { startedAt }) => Math.min(first, startedAt.getTime()), Infinity);
  const end = tasks.reduce((last, { finishedAt }) => Math.max(last, finishedAt.getTime()), -Infinity);
  return (end - start) / 1000;
}

function predicted(serial: Work, stages: readonly Work[]): number | null {
  const timed = [serial, ...stages].every(({ tasks }) => tasks.every(({ seconds }) => 'forward' in seconds));
  return timed ? figure(unevenSpeedUp(partsOf(serial), stages.map(partsOf))) : null;
}

/** A task may seem to take no time, if a clock is coarse or was set back. */
const figure = (value: number): number | null =>
  Number.isFinite(value) && value > 0 ? rounded(value) : null;

/** Seconds per step. Times that equation 27 does not include (spools, reports, checkpoints) are left out. */
function partsOf({ tasks, steps }: Work): StepParts {
  const mean = (...names: string[]) =>
    tasks.reduce((sum, { seconds }) => names.reduce((all, name) => all + (seconds[name] ?? 0), sum), 0) /
    steps;
  return {
    data: mean('data'),
    forward: mean('forward', 'loss'),
    backward: mean('backward', 'optimizer'),
    coupling: mean('coupling', 'head', 'variables'),
    auxiliaryForward: mean('auxiliary_forward'),
    auxiliaryBackward: mean('auxiliary_backward'),
  };
}
