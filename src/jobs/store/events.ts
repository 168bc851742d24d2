import { type Queryable, type Transaction, toJson } from './database.js';
import { notify } from './notify.js';

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
  const { eventSeq } = await tx.job.update({
    where: { id: jobId },
    data: { eventSeq: { increment: events.length } },
    select: { eventSeq: true },
  });
  const first = eventSeq - events.length + 1;
  await tx.event.createMany({
    data: events.map(({ type, message, level = 'info', data = {} }, index) => ({
      jobId,
      seq: first + index,
      level,
      type,
      message,
      data: toJson(data),
    })),
  });
  await notify(tx, 'strata_event', jobId);
}

/** What the column holds at most. */
const LAST_SEQ = 2 ** 31 - 1;

/** Events with seq > `after`, in order. */
export function findEvents(db: Queryable, jobId: string, after: number, limit: number) {
  return db.event.findMany({
    where: { jobId, seq: { gt: Math.min(after, LAST_SEQ) } },
    orderBy: { seq: 'asc' },
    take: limit,
  });
}
