import type { MetricSample } from '../../../contract/trainer-protocol.js';
import { countSteps, type StepRange } from '../../../method/index.js';
import type { StepReport, Stopwatch } from '../../training/index.js';
import type { TaskContext } from '../context.js';

export function samplesOf(report: StepReport): MetricSample[] {
  const { stage, step, learningRate, loss, violation, norms } = report;
  const samples = [
    ...(loss === null ? [] : [{ name: 'loss', stage, step, value: loss }]),
    { name: 'learning_rate', stage, step, value: learningRate },
    { name: 'gradient_norm', stage, step, value: norms.gradient },
    { name: 'weight_norm', stage, step, value: norms.weights },
  ];
  // The violation belongs to the variable between two stages, and has the number of the downstream stage.
  return violation === null
    ? samples
    : [...samples, { name: 'violation', stage: stage! + 1, step, value: violation }];
}

/**
 * Throughput of the loop of a task over `steps`, which began at `started`: trained images per second, and the share
 * of the time that it waited for images. Recorded at the last step; empty without steps.
 */
export function paceOf(
  { now, assignment }: TaskContext,
  steps: StepRange,
  stage: number | null,
  started: number,
  stopwatch: Stopwatch,
): MetricSample[] {
  const count = countSteps(steps);
  if (count === 0) return [];
  const step = steps.start + (count - 1) * (steps.stride ?? 1);
  const seconds = (now() - started) / 1000;
  const images = count * assignment.spec.batch_size;
  const waited = stopwatch.seconds.data ?? 0;
  return [
    { name: 'images_per_second', stage, step, value: images / seconds },
    // A clock that is too coarse for the loop measures no waiting, either.
    { name: 'data_wait_share', stage, step, value: seconds > 0 ? waited / seconds : 0 },
  ];
}
