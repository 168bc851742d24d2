import type { components } from '../../contract/generated/openapi.js';
import type { JobError } from '../../contract/job-error.js';
import { json, type RowOf, text, time } from './connection/column.js';
import type { Queryable } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';

type Attempt = components['schemas']['Attempt'];

/** `data` of the events about an attempt (src/jobs/lifecycle/task-events.ts). */
export interface AttemptData
  extends Pick<Attempt, 'task' | 'kind' | 'stage' | 'round' | 'replica' | 'attempt'> {
  readonly worker_id?: string;
  readonly device?: string;
  /** Only of `task.shared`: all devices of the attempt, in the order of its stages. */
  readonly devices?: readonly string[];
  readonly checkpoint_step?: number | null;
  readonly error?: JobError;
}

const ATTEMPT_EVENT = { type: text, at: time, data: json<AttemptData>() };
export type AttemptEvent = RowOf<typeof ATTEMPT_EVENT>;
const attemptEvents = statement('attempt-events', ATTEMPT_EVENT);

/** Event types that say when attempts at tasks start and end, and on which devices. */
const TYPES = [
  'task.started',
  'task.shared',
  'task.succeeded',
  'task.failed',
  'task.retried',
  'task.dropped',
];

/** Starts and ends of all attempts at the tasks of a job, in order. */
export function findAttemptEvents(db: Queryable, jobId: string): Promise<AttemptEvent[]> {
  return attemptEvents.rows(
    db,
    Prisma.sql`
    SELECT type, at, data FROM event
    WHERE job_id = ${jobId} AND task IS NOT NULL AND type = ANY (${TYPES}) ORDER BY seq`,
  );
}
