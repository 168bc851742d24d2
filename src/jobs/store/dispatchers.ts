import { WORKER_GONE_MS } from '../process/limits.js';
import type { LoopReport } from './columns.js';
import type { Queryable } from './connection/database.js';

export type { LoopReport } from './columns.js';

export interface DispatcherReport {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly loops: readonly LoopReport[];
}

/** Writes the row of the dispatcher, with a heartbeat by the clock of the database. */
export async function reportDispatcher(db: Queryable, report: DispatcherReport): Promise<void> {
  const { id, host, pid } = report;
  const loops = JSON.stringify(report.loops);
  await db.$executeRaw`
    INSERT INTO dispatcher (id, host, pid, loops) VALUES (${id}, ${host}, ${pid}, ${loops}::jsonb)
    ON CONFLICT (id) DO UPDATE SET loops = excluded.loops, heartbeat_at = now()`;
}

export async function deleteDispatcher(db: Queryable, id: string): Promise<void> {
  await db.dispatcher.deleteMany({ where: { id } });
}

/** Deletes rows of dispatchers that ended without removing them. */
export async function deleteGoneDispatchers(db: Queryable): Promise<void> {
  await db.$executeRaw`
    DELETE FROM dispatcher WHERE heartbeat_at < now() - ${WORKER_GONE_MS} * interval '1 millisecond'`;
}
