import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import { needsOf, type PlannedTask, planTasks } from '../tasks/task-graph.js';

/** Changes of a job's task graph. Tasks in neither list stay as they are. */
export interface CutPhase {
  /** Keys of the tasks that are not needed any more. */
  readonly dropped: readonly string[];
  /** Tasks that read other outputs, or wait for other tasks, than before. */
  readonly rewired: readonly PlannedTask[];
}

/**
 * Ends the layer-parallel phase after `round`: what follows it reads the outputs of that round instead of the last one. Steps,
 * learning rates and images of the end-to-end phase stay as they were.
 */
export function cutPhase(spec: ResolvedSpec, dataset: DatasetFacts, round: number): CutPhase {
  const before = planTasks(spec, dataset);
  const keys = new Set(before.map(({ key }) => key));
  const after = new Map(planTasks(spec, dataset, { lastRound: round }).map((task) => [task.key, task]));
  const dropped = before.filter(({ key }) => !after.has(key)).map(({ key }) => key);
  const rewired = before.flatMap((task) => {
    const changed = after.get(task.key);
    if (!changed || linksOf(changed) === linksOf(task)) return [];
    // There is no evaluation to wait for where the job asks for none after that round.
    return [{ ...changed, after: changed.after.filter((key) => keys.has(key)) }];
  });
  return { dropped, rewired };
}

/** Everything by which a task is connected to others. */
function linksOf(task: PlannedTask): string {
  return JSON.stringify([task.inputs, needsOf(task), task.round]);
}
