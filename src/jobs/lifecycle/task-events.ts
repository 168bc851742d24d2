import type { ClaimedTask } from '../store/tasks.js';

type Named = Pick<ClaimedTask, 'key' | 'kind' | 'stage' | 'round' | 'replica' | 'attempt'>;

/** "stage 1, round 3 (attempt 2)": the name of a task in event messages. */
export function describe({ kind, stage, round, replica, attempt }: Named): string {
  const place = [
    stage === null ? (kind === 'stage' ? 'all stages' : kind.replaceAll('_', '-')) : `stage ${stage}`,
    round === null ? null : `round ${round}`,
    replica === null ? null : `replica ${replica}`,
  ];
  const again = attempt > 1 ? ` (attempt ${attempt})` : '';
  return place.filter((part) => part !== null).join(', ') + again;
}

/** The `data` field of task events. */
export function taskData(task: Named, more: Record<string, unknown> = {}): Record<string, unknown> {
  const { key, kind, stage, round, replica, attempt } = task;
  return { task: key, kind, stage, round, replica, attempt, ...more };
}
