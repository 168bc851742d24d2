import type { components } from '../../contract/generated/openapi.js';
import type { ResolvedMethod } from '../../contract/spec.js';
import { type StepParts, unevenSpeedUp } from '../costs/index.js';
import { deviceKindOf } from '../forecast/device-kind.js';
import { rounded, trainsInParallel } from '../forecast/layouts.js';
import type { TrainedTask } from '../timed-task.js';

type SpeedUp = components['schemas']['JobResult']['speedup'];

/** Tasks and the optimiser steps that they took. */
interface Work {
  readonly tasks: readonly TrainedTask[];
  readonly steps: number;
}

/**
 * How much faster the layer-parallel phase was than the same steps would have been end to end on one device, and how
 * much faster equation 27 says it can be (docs/method.md, "Speed-up, measured"). The phases of the joined network count in neither.
 * @param paused whether the job was paused at any time
 * @returns null where there is nothing to compare, or no times to compare by
 */
export function speedUpOf(method: ResolvedMethod, tasks: readonly TrainedTask[], paused: boolean): SpeedUp {
  if (method.stages === 1 || !trainsInParallel(method)) return null;
  // An attempt's row keeps its own times alone: those of its forerunners are lost. A GPU and a CPU do not compare.
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
  // Every stage takes every step.
  const steps = stages[0]!.steps;
  return figure((secondsAStep * steps) / spanOf(stages.flatMap(({ tasks }) => tasks)));
}

/** Seconds from the first start to the last end. */
function spanOf(tasks: readonly TrainedTask[]): number {
  // Folded, not spread: a long job has more tasks than a call takes arguments.
  const start = tasks.reduce((first, { startedAt }) => Math.min(first, startedAt.getTime()), Infinity);
  const end = tasks.reduce((last, { finishedAt }) => Math.max(last, finishedAt.getTime()), -Infinity);
  return (end - start) / 1000;
}

function predicted(serial: Work, stages: readonly Work[]): number | null {
  const timed = [serial, ...stages].every(({ tasks }) => tasks.every(({ seconds }) => 'forward' in seconds));
  return timed ? figure(unevenSpeedUp(partsOf(serial), stages.map(partsOf))) : null;
}

/** A clock may be too coarse, or be set back, for a task that takes no time. */
const figure = (value: number): number | null =>
  Number.isFinite(value) && value > 0 ? rounded(value) : null;

/** Seconds of a step. What equation 27 does not know (spools, reports, checkpoints) is left out. */
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
