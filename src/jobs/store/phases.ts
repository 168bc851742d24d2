import { canTransition, type JobState } from '../../contract/states.js';
import type { TaskKind } from '../../contract/trainer-protocol.js';
import { Prisma } from './generated/client.js';

/** The phase of a job whose furthest task has this kind. */
const PHASES: Readonly<Record<TaskKind, JobState>> = {
  prepare: 'preparing',
  stage: 'running',
  evaluate: 'running',
  end_to_end: 'running',
  finalize: 'finalizing',
};
/** A repeated task does not move its job back, and a resumed job continues in its phase. */
const ORDER = ['queued', 'preparing', 'running', 'finalizing'] as const;
const MESSAGES: Partial<Record<JobState, string>> = {
  preparing: 'the dataset is being prepared',
  running: 'training started',
  finalizing: 'training finished; the model is being evaluated and exported',
};

const quoted = (word: string): string => `'${word.replaceAll("'", "''")}'`;

/** An SQL expression that maps the words of `column`. */
function mapped(column: string, words: Readonly<Record<string, string>>): Prisma.Sql {
  const cases = Object.entries(words).map(([from, to]) => `WHEN ${quoted(from)} THEN ${quoted(to)}`);
  return Prisma.raw(`CASE ${column} ${cases.join(' ')} END`);
}

/** The phase of a job by the kind of a task. */
export const PHASE_OF_KIND = mapped('task.kind', PHASES);
export const PHASE_MESSAGE = mapped('phase', MESSAGES);

const MOVES = ORDER.flatMap((from, index) =>
  ORDER.slice(index + 1)
    .filter((to) => canTransition('job', from, to))
    .map((to) => `(${quoted(from)}, ${quoted(to)})`),
);
/** Whether the job goes on to the phase; the table of transitions allows each of these steps. */
export const MOVES_ON = Prisma.raw(`(job.state, phase) IN (${MOVES.join(', ')})`);
