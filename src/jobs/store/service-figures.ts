import type { WorkerSlot } from '../../contract/workers.js';
import { LEASE_MS, WORKER_GONE_MS } from '../process/limits.js';
import type { Queryable } from './connection/database.js';
import type { LoopReport } from './dispatchers.js';
import { Prisma } from './generated/client.js';
import { CLAIMABLE } from './queue-order.js';

/** Maximum number of counted rows per kind, so that a read stays cheap. */
const MAX = Prisma.raw('100000');

/** State of the whole service, over all tenants. Ages are in seconds by the clock of the database. */
export interface ServiceFigures {
  /** Unfinished jobs. */
  readonly jobs: readonly { readonly state: string; readonly count: number }[];
  /** Tasks that are claimable now. */
  readonly ready: readonly { readonly kind: string; readonly count: number; readonly oldestS: number }[];
  /** `leaseS`: seconds since the oldest renewal of a lease. */
  readonly running: readonly { readonly kind: string; readonly count: number; readonly leaseS: number }[];
  /** Webhook deliveries that are not sent yet. `overdueS`: age of the oldest due one; null if none is due. */
  readonly deliveries: { readonly pending: number; readonly overdueS: number | null };
  readonly workers: readonly {
    readonly heartbeatS: number;
    readonly slots: readonly WorkerSlot[];
    /** Metrics as stored by the worker. */
    readonly metrics: readonly object[];
  }[];
  readonly dispatchers: readonly { readonly heartbeatS: number; readonly loops: readonly LoopReport[] }[];
}

/** Reads all figures in one statement, through indexes. */
export async function readServiceFigures(db: Queryable): Promise<ServiceFigures> {
  const [row] = await db.$queryRaw<ServiceFigures[]>`
    SELECT ${listOf(JOBS)} AS jobs, ${listOf(READY)} AS ready, ${listOf(RUNNING)} AS running,
      (SELECT to_jsonb(found) FROM (${DELIVERIES}) found) AS deliveries,
      ${listOf(WORKERS)} AS workers, ${listOf(DISPATCHERS)} AS dispatchers`;
  if (row === undefined) throw new Error('a SELECT without FROM must return one row');
  return row;
}

const secondsSince = (time: string): Prisma.Sql => Prisma.raw(`extract(epoch FROM now() - ${time})::float8`);
const listOf = (query: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`(SELECT coalesce(jsonb_agg(to_jsonb(found)), '[]') FROM (${query}) found)`;

const JOBS = Prisma.sql`
  SELECT state, count(*) AS count FROM (
    SELECT state FROM job WHERE state IN ('queued', 'preparing', 'running', 'finalizing', 'paused') LIMIT ${MAX}
  ) unfinished GROUP BY state`;

const READY = Prisma.sql`
  SELECT kind, count(*) AS count, ${secondsSince('min(due_at)')} AS "oldestS" FROM (
    SELECT task.kind, task.due_at FROM task JOIN job ON job.id = task.job_id WHERE ${CLAIMABLE} LIMIT ${MAX}
  ) claimable GROUP BY kind`;

// A lease lasts LEASE_MS from its renewal.
const RUNNING = Prisma.sql`
  SELECT kind, count(*) AS count, ${secondsSince('min(lease_until)')} + ${Prisma.raw(String(LEASE_MS / 1000))} AS "leaseS"
  FROM task WHERE state = 'running' GROUP BY kind`;

const DELIVERIES = Prisma.sql`
  SELECT count(*) AS pending, ${secondsSince('min(due_at) FILTER (WHERE due_at <= now())')} AS "overdueS" FROM (
    SELECT due_at FROM webhook_delivery WHERE state = 'pending' LIMIT ${MAX}) pending`;

const isAlive = Prisma.raw(`heartbeat_at >= now() - interval '${WORKER_GONE_MS} milliseconds'`);
const WORKERS = Prisma.sql`
  SELECT ${secondsSince('heartbeat_at')} AS "heartbeatS", slots, metrics FROM worker WHERE ${isAlive} ORDER BY id`;

// Includes silent dispatchers: the age of their loops shows that nobody dispatches.
const DISPATCHERS = Prisma.sql`
  SELECT ${secondsSince('heartbeat_at')} AS "heartbeatS", loops FROM dispatcher ORDER BY id LIMIT 100`;
