import type { EventLevel } from './columns.js';
import { int } from './connection/column.js';
import type { Queryable, Transaction } from './connection/database.js';
import { notify } from './connection/notify.js';
import { statement } from './connection/statement.js';
import { appending } from './event-appending.js';
import { Prisma } from './generated/client.js';
import { newId } from './ids.js';

export type { EventLevel } from './columns.js';

export interface NewEvent {
  readonly type: string;
  readonly message: string;
  readonly level?: EventLevel;
  readonly data?: Readonly<Record<string, unknown>>;
}

const APPENDED = {
  /** Number of webhook deliveries of these events. */
  deliveries: int,
};
const appended = statement('append-events', APPENDED);

/** Appends events to a locked job, numbered without gaps, and wakes readers after the commit. */
export async function appendEvents(
  tx: Transaction,
  jobId: string,
  ...events: readonly NewEvent[]
): Promise<void> {
  const row = await appended.first(
    tx,
    Prisma.sql`
    WITH draft AS (
      SELECT position, level, type, message, data::jsonb AS data FROM unnest(
        ${events.map(({ level = 'info' }) => level)}::text[],
        ${events.map(({ type }) => type)}::text[],
        ${events.map(({ message }) => message)}::text[],
        ${events.map(({ data = {} }) => JSON.stringify(data))}::text[]
      ) WITH ORDINALITY AS draft (level, type, message, data, position)
    ), counted AS (
      UPDATE job SET event_seq = event_seq + ${events.length} WHERE id = ${jobId}
      RETURNING id AS job_id, event_seq - ${events.length} AS before, tenant, clock_timestamp() AS at
    ), ${appending(Prisma.sql`${newId('delivery')}`)}
    SELECT (SELECT count(*)::int FROM queued) AS deliveries FROM counted`,
  );
  if (row === null) throw new Error(`there is no job ${jobId}`);
  wakeReaders(tx, jobId, row.deliveries);
}

/** Wakes those who follow the events of a job, and where there are deliveries, their senders, after the commit. */
export function wakeReaders(db: Queryable, jobId: string, deliveries: number): void {
  notify(db, 'strata_event', jobId);
  if (deliveries > 0) notify(db, 'strata_dispatch');
}

/** Maximum value of the column. */
const LAST_SEQ = 2 ** 31 - 1;

/** Events with seq > `after`, in order. */
export function findEvents(db: Queryable, jobId: string, after: number, limit: number) {
  return db.event.findMany({
    where: { jobId, seq: { gt: Math.min(after, LAST_SEQ) } },
    orderBy: { seq: 'asc' },
    take: limit,
  });
}
