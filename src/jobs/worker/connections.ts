import { WORKER_STATEMENT_MS } from '../process/limits.js';
import { directOf, type PostgresAddresses } from '../store/connection/addresses.js';
import { type Database, openDatabase, openHeartbeatConnection } from '../store/connection/database.js';
import { type Listener, listen, type NudgeHandlers } from '../store/connection/notify.js';
import type { Pooled } from '../store/connection/pooled.js';
import { usePlansAgain } from '../store/connection/session.js';

/** The connections of a worker to Postgres. */
export interface WorkerConnections {
  /** For what the slots do. */
  readonly db: Database;
  /** A single connection for heartbeats, which must not wait for other statements of the process. */
  readonly heartbeats: Pooled;
  listen(handlers: NudgeHandlers): Promise<Listener>;
  close(): Promise<void>;
}

/** Maximum number of connections beside the ones of the slots: for imports and what the worker looks for. */
const CONNECTIONS_BESIDE = 2;
const MAX_CONNECTIONS = 8;

/** @param slots number of slots of the worker */
export async function connectWorker(addresses: PostgresAddresses, slots: number): Promise<WorkerConnections> {
  const max = Math.min(MAX_CONNECTIONS, slots + CONNECTIONS_BESIDE);
  const db = await openDatabase(addresses.databaseUrl, WORKER_STATEMENT_MS, max, usePlansAgain);
  const heartbeats = openHeartbeatConnection(directOf(addresses), WORKER_STATEMENT_MS);
  return {
    db,
    heartbeats,
    listen: (handlers) => listen(addresses, handlers),
    async close() {
      await heartbeats.close();
      await db.$disconnect();
    },
  };
}
