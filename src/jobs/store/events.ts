import { isWebhookEvent } from '../../contract/webhooks.js';
import { type Queryable, type Transaction, toJson } from './database.js';
import type { Event } from './generated/client.js';
import { notify } from './notify.js';
import { type Message, queueMessages } from './webhook-deliveries.js';

export type EventLevel = 'info' | 'warning' | 'error';

export interface NewEvent {
  readonly type: string;
  readonly message: string;
  readonly level?: EventLevel;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Appends events to a locked job's list, numbered without gaps, and wakes its readers at commit. */
export async function appendEvents(
  tx: Transaction,
  jobId: string,
  ...events: readonly NewEvent[]
): Promise<void> {
  // Their time is the database's: the clocks of workers may differ, or jump.
  const [counted] = await tx.$queryRaw<{ eventSeq: number; tenant: string; at: Date }[]>`
    UPDATE job SET event_seq = event_seq + ${events.length} WHERE id = ${jobId}
    RETURNING event_seq AS "eventSeq", tenant, clock_timestamp() AS at`;
  if (!counted) throw new Error(`there is no job ${jobId}`);
  const { eventSeq, tenant, at } = counted;
  const first = eventSeq - events.length + 1;
  const rows = await tx.event.createManyAndReturn({
    data: events.map(({ type, message, level = 'info', data = {} }, index) => ({
      jobId,
      seq: first + index,
      at,
      level,
      type,
      message,
      data: toJson(data),
    })),
  });
  await queueMessages(tx, tenant, rows.filter(({ type }) => isWebhookEvent(type)).map(toMessage));
  await notify(tx, 'strata_event', jobId);
}

/** What the column holds at most. */
const LAST_SEQ = 2 ** 31 - 1;

/** What webhooks are told of an event, in the words of the event list. */
function toMessage({ jobId, at, ...event }: Event): Message {
  const timestamp = at.toISOString();
  return { type: event.type, timestamp, data: { job_id: jobId, event: { ...event, at: timestamp } } };
}

/** Events with seq > `after`, in order. */
export function findEvents(db: Queryable, jobId: string, after: number, limit: number) {
  return db.event.findMany({
    where: { jobId, seq: { gt: Math.min(after, LAST_SEQ) } },
    orderBy: { seq: 'asc' },
    take: limit,
  });
}
