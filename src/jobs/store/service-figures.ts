import type { WorkerSlot } from '../../contract/workers.js';
import { LEASE_MS, WORKER_GONE_MS } from '../process/limits.js';
import type { Queryable } from './connection/database.js';
import type { LoopReport } from './dispatchers.js';
import { Prisma } from './generated/client.js';
import { CLAIMABLE } from './queue-order.js';

/** Rows of one kind that are counted at most: a look must cost little, whatever has piled up. */
const MOST = Prisma.raw('100000');

/** What the whole service is at, all tenants together. Ages are in seconds by the database's clock. */
export interface ServiceFigures {
  /** Jobs that have not ended. */
  readonly jobs: readonly { readonly state: string; readonly count: number }[];
  /** Tasks that may be claimed now. */
  readonly ready: readonly { readonly kind: string; readonly count: number; readonly oldestS: number }[];
  /** `leaseS`: since the lease that was renewed longest ago was. */
  readonly running: readonly { readonly kind: string; readonly count: number; readonly leaseS: number }[];
  /** Of webhooks, not yet sent. `overdueS`: of the one that is due for longest; null where none is. */
  readonly deliveries: { readonly pending: number; readonly overdueS: number | null };
  readonly workers: readonly {
    readonly heartbeatS: number;
    readonly slots: readonly WorkerSlot[];
    /** As the worker stored them. */
    readonly metrics: readonly object[];
  }[];
  readonly dispatchers: readonly { readonly heartbeatS: number; readonly loops: readonly LoopReport[] }[];
}

/** All of it in one statement, through indexes. */
export async function readServiceFigures(db: Queryable): Promise<ServiceFigures> {
  const [row] = await db.$queryRaw<ServiceFigures[]>`
    SELECT ${listOf(JOBS)} AS jobs, ${listOf(READY)} AS ready, ${listOf(RUNNING)} AS running,
      (SELECT to_jsonb(found) FROM (${DELIVERIES}) found) AS deliveries,
      ${listOf(WORKERS)} AS workers, ${listOf(DISPATCHERS)} AS dispatchers`;
  if (row === undefined) throw new Error('a SELECT without FROM answers one row');
  return row;
}

const secondsSince = (time: string): Prisma.Sql => Prisma.raw(`extract(epoch FROM now() - ${time})::float8`);
const listOf = (query: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`(SELECT coalesce(jsonb_agg(to_jsonb(found)), '[]') FROM (${query}) found)`;

const JOBS = Prisma.sql`
  SELECT state, count(*) AS count FROM (
    SELECT state FROM job WHERE state IN ('queued', 'preparing', 'running', 'finalizing', 'paused') LIMIT ${MOST}
  ) unfinished GROUP BY state`;

const READY = Prisma.sql`
  SELECT kind, count(*) AS count, ${secondsSince('min(due_at)')} AS "oldestS" FROM (
    SELECT task.kind, task.due_at FROM task JOIN job ON job.id = task.job_id WHERE ${CLAIMABLE} LIMIT ${MOST}
  ) claimable GROUP BY kind`;

// A lease is renewed to LEASE_MS from then.
const RUNNING = Prisma.sql`
  SELECT kind, count(*) AS count, ${secondsSince('min(lease_until)')} + ${Prisma.raw(String(LEASE_MS / 1000))} AS "leaseS"
  FROM task WHERE state = 'running' GROUP BY kind`;

const DELIVERIES = Prisma.sql`
  SELECT count(*) AS pending, ${secondsSince('min(due_at) FILTER (WHERE due_at <= now())')} AS "overdueS" FROM (
    SELECT due_at FROM webhook_delivery WHERE state = 'pending' LIMIT ${MOST}) pending`;

const isAlive = Prisma.raw(`heartbeat_at >= now() - interval '${WORKER_GONE_MS} milliseconds'`);
const WORKERS = Prisma.sql`
  SELECT ${secondsSince('heartbeat_at')} AS "heartbeatS", slots, metrics FROM worker WHERE ${isAlive} ORDER BY id`;

// Silent ones too: their loops' ages are what tells that nobody dispatches.
const DISPATCHERS = Prisma.sql`
  SELECT ${secondsSince('heartbeat_at')} AS "heartbeatS", loops FROM dispatcher ORDER BY id LIMIT 100`;
