import { isWebhookEvent } from '../../contract/webhooks.js';
import { COLUMNS, type EventLevel, type Message } from './columns.js';
import { int, type RowOf, text, time } from './connection/column.js';
import type { Queryable, Transaction } from './connection/database.js';
import { notify } from './connection/notify.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import { queueMessages } from './webhook-deliveries.js';

export type { EventLevel } from './columns.js';

export interface NewEvent {
  readonly type: string;
  readonly message: string;
  readonly level?: EventLevel;
  readonly data?: Readonly<Record<string, unknown>>;
}

const APPENDED = {
  jobId: text,
  seq: int,
  at: time,
  level: COLUMNS.event.level,
  type: text,
  message: text,
  data: COLUMNS.event.data,
  tenant: text,
};
const appended = statement('append-events', APPENDED);

/** Appends events to a locked job, numbered without gaps, and wakes readers after the commit. */
export async function appendEvents(
  tx: Transaction,
  jobId: string,
  ...events: readonly NewEvent[]
): Promise<void> {
  // The time is the database's, because the clocks of workers may differ or jump.
  const rows = await appended.rows(
    tx,
    Prisma.sql`
    WITH counted AS (
      UPDATE job SET event_seq = event_seq + ${events.length} WHERE id = ${jobId}
      RETURNING event_seq - ${events.length} AS before, tenant, clock_timestamp() AS at
    ), stored AS (
      INSERT INTO event (job_id, seq, at, level, type, message, data, task)
      SELECT ${jobId}, counted.before + position, counted.at, draft.level, draft.type, draft.message, draft.data::jsonb,
        draft.data::jsonb->>'task'
      FROM counted, unnest(
        ${events.map(({ level = 'info' }) => level)}::text[],
        ${events.map(({ type }) => type)}::text[],
        ${events.map(({ message }) => message)}::text[],
        ${events.map(({ data = {} }) => JSON.stringify(data))}::text[]
      ) WITH ORDINALITY AS draft (level, type, message, data, position)
      RETURNING *
    )
    SELECT stored.job_id AS "jobId", seq, stored.at, level, type, message, data, tenant
    FROM stored, counted ORDER BY seq`,
  );
  notify(tx, 'strata_event', jobId);
  const [first] = rows;
  if (!first) throw new Error(`there is no job ${jobId}`);
  await queueMessages(tx, first.tenant, rows.filter(({ type }) => isWebhookEvent(type)).map(toMessage));
}

/** Maximum value of the column. */
const LAST_SEQ = 2 ** 31 - 1;

/** The webhook message of an event, in the form of the event list. */
function toMessage({ jobId, at, seq, level, type, message, data }: RowOf<typeof APPENDED>): Message {
  const timestamp = at.toISOString();
  return {
    type,
    timestamp,
    data: { job_id: jobId, event: { seq, level, type, message, data, at: timestamp } },
  };
}

/** Events with seq > `after`, in order. */
export function findEvents(db: Queryable, jobId: string, after: number, limit: number) {
  return db.event.findMany({
    where: { jobId, seq: { gt: Math.min(after, LAST_SEQ) } },
    orderBy: { seq: 'asc' },
    take: limit,
  });
}
