import { WORKER_GONE_MS } from '../process/limits.js';
import type { LoopReport } from './columns.js';
import { text } from './connection/column.js';
import type { Pooled, Queryable } from './connection/database.js';
import { prepare } from './connection/prepared.js';

export type { LoopReport } from './columns.js';

export interface DispatcherReport {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly loops: readonly LoopReport[];
}

/** Writes the row of the dispatcher, with a heartbeat by the clock of the database. */
export async function reportDispatcher(db: Queryable, report: DispatcherReport): Promise<void> {
  const { id, host, pid, version } = report;
  const loops = JSON.stringify(report.loops);
  await db.$executeRaw`
    INSERT INTO dispatcher (id, host, pid, version, loops)
    VALUES (${id}, ${host}, ${pid}, ${version}, ${loops}::jsonb)
    ON CONFLICT (id) DO UPDATE SET loops = excluded.loops, heartbeat_at = now()`;
}

const versions = prepare(
  'dispatcher-versions',
  { version: text },
  `SELECT DISTINCT version FROM dispatcher
  WHERE version <> '' AND heartbeat_at >= now() - ${WORKER_GONE_MS} * interval '1 millisecond'`,
);

/** Versions of the dispatchers with a recent heartbeat. Those of earlier versions do not report theirs. */
export async function dispatcherVersions(db: Pooled): Promise<string[]> {
  return (await versions(db, [])).map(({ version }) => version);
}

export async function deleteDispatcher(db: Queryable, id: string): Promise<void> {
  await db.dispatcher.deleteMany({ where: { id } });
}

/** Deletes rows of dispatchers that ended without removing them. */
export async function deleteGoneDispatchers(db: Queryable): Promise<void> {
  await db.$executeRaw`
    DELETE FROM dispatcher WHERE heartbeat_at < now() - ${WORKER_GONE_MS} * interval '1 millisecond'`;
}
