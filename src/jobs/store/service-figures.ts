import { LEASE_MS, WORKER_GONE_MS } from '../process/limits.js';
import { COLUMNS } from './columns.js';
import { float, listOf, objectOf, orNull, type RowOf, text } from './connection/column.js';
import type { Queryable } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import { CLAIMABLE } from './queue-order.js';

/** Maximum number of counted rows per kind, so that a read stays cheap. */
const MAX = Prisma.raw('100000');

/** State of the whole service, over all tenants. Ages are in seconds by the clock of the database. */
const SERVICE_FIGURES = {
  /** Unfinished jobs. */
  jobs: listOf({ state: text, count: float }),
  /** Tasks that are claimable now. */
  ready: listOf({ kind: text, count: float, oldestS: float }),
  /** `leaseS`: seconds since the oldest renewal of a lease. */
  running: listOf({ kind: text, count: float, leaseS: float }),
  /** Webhook deliveries that are not sent yet. `overdueS`: age of the oldest due one; null if none is due. */
  deliveries: objectOf({ pending: float, overdueS: orNull(float) }),
  workers: listOf({ heartbeatS: float, slots: COLUMNS.worker.slots, metrics: COLUMNS.worker.metrics }),
  dispatchers: listOf({ heartbeatS: float, loops: COLUMNS.dispatcher.loops }),
};
export type ServiceFigures = RowOf<typeof SERVICE_FIGURES>;
const figures = statement('service-figures', SERVICE_FIGURES);

/** Reads all figures in one statement, through indexes. */
export function readServiceFigures(db: Queryable): Promise<ServiceFigures> {
  return figures.only(
    db,
    Prisma.sql`
    SELECT ${asList(JOBS)} AS jobs, ${asList(READY)} AS ready, ${asList(RUNNING)} AS running,
      (SELECT to_jsonb(found) FROM (${DELIVERIES}) found) AS deliveries,
      ${asList(WORKERS)} AS workers, ${asList(DISPATCHERS)} AS dispatchers`,
  );
}

const secondsSince = (time: string): Prisma.Sql => Prisma.raw(`extract(epoch FROM now() - ${time})::float8`);
const asList = (query: Prisma.Sql): Prisma.Sql =>
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
