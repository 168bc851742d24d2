import { needsOf, planTasks } from '../../src/planning/tasks/task-graph.js';
import { MNIST, resolved, type SpecChanges } from '../../test/jobs/support/specs.js';
import type { SimulatedTask } from './simulate.js';

/** Seconds of an optimiser step of the joined network and of each stage. */
export interface StepTimes {
  readonly serial: number;
  readonly stages: readonly number[];
}

/**
 * The tasks of a job as the service plans them, with the time that their steps take; preparing, evaluating and
 * exporting take none.
 */
export function jobGraph(changes: SpecChanges, { serial, stages }: StepTimes): SimulatedTask[] {
  const tasks = planTasks(resolved(changes), MNIST);
  const places = new Map(tasks.map(({ key }, index) => [key, index]));
  return tasks.map((task) => {
    // A stage's weight is its share of the network's steps.
    const steps = task.kind === 'stage' ? task.weight * stages.length : task.weight;
    const trains = task.kind === 'stage' || task.kind === 'end_to_end';
    const perStep = task.kind === 'stage' && stages.length > 1 ? stages[task.stage!]! : serial;
    return { seconds: trains ? steps * perStep : 0, needs: needsOf(task).map((key) => places.get(key)!) };
  });
}
