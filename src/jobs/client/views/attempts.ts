import type { components } from '../../../contract/generated/openapi.js';
import { isTerminal } from '../../../contract/states.js';
import type { AttemptData, AttemptEvent } from '../../store/attempt-events.js';
import type * as Rows from '../../store/rows.js';

type Attempt = components['schemas']['Attempt'];
type TaskRow = Pick<Rows.Task, 'key' | 'state' | 'attempt' | 'finishedAt'>;

/**
 * Attempts from their events, in order of the start. An attempt without an end is running, or was cancelled with its
 * job: nothing tells of that but the row of its task.
 */
export function toAttempts(events: readonly AttemptEvent[], tasks: readonly TaskRow[]): Attempt[] {
  const rows = new Map(tasks.map((row) => [row.key, row]));
  const attempts = new Map<string, Attempt>();
  for (const { type, at, data: about } of events) {
    const id = `${about.task} ${about.attempt}`;
    if (type === 'task.started') attempts.set(id, started(about, at, rows.get(about.task)));
    else {
      const attempt = attempts.get(id);
      if (attempt)
        attempts.set(id, {
          ...attempt,
          ...(type === 'task.shared' ? shared(about) : ended(type, at, about)),
        });
    }
  }
  return [...attempts.values()];
}

function started(about: AttemptData, at: Date, row: TaskRow | undefined): Attempt {
  const { task, kind, stage, round, replica, attempt } = about;
  const isCurrent = row !== undefined && row.attempt === attempt;
  const isOver = !isCurrent || isTerminal('task', row.state);
  return {
    ...{ task, kind, stage, round, replica, attempt },
    outcome: isOver ? 'cancelled' : 'running',
    started_at: at.toISOString(),
    ended_at: (isOver && row?.finishedAt?.toISOString()) || null,
    worker_id: about.worker_id ?? null,
    device: about.device ?? null,
    devices: about.device === undefined ? [] : [about.device],
    checkpoint_step: about.checkpoint_step ?? null,
    error: null,
  };
}

const shared = ({ devices = [] }: AttemptData): Pick<Attempt, 'devices'> => ({ devices: [...devices] });

function ended(
  type: string,
  at: Date,
  { error }: AttemptData,
): Pick<Attempt, 'outcome' | 'error' | 'ended_at'> {
  const ended_at = at.toISOString();
  if (type === 'task.dropped') return { outcome: 'cancelled', error: null, ended_at };
  if (type === 'task.succeeded') return { outcome: 'succeeded', error: null, ended_at };
  if (error === undefined) return { outcome: 'returned', error: null, ended_at };
  return { outcome: error.code === 'worker_lost' ? 'lost' : 'failed', error, ended_at };
}
