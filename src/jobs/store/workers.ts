import type { StoreLink, WorkerDevice, WorkerSlot } from '../../contract/workers.js';
import type { DeviceCount } from '../../planning/spec/precision.js';
import { WORKER_GONE_MS } from '../process/limits.js';
import { COLUMNS } from './columns.js';
import { flag, int, type RowOf, text, time } from './connection/column.js';
import type { Database, Pooled, Queryable } from './connection/database.js';
import { prepare } from './connection/prepared.js';
import { Prisma } from './generated/client.js';
import { type LeasedTable, TAKEABLE } from './leases.js';
import { PROFILE_TAKEABLE } from './profiles.js';

export interface WorkerReport {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly devices: readonly WorkerDevice[];
  readonly slots: readonly WorkerSlot[];
  readonly versions: Readonly<Record<string, string>>;
  /** Address of its trainers for other hosts, as host:port; null: it takes no part in gangs across hosts. */
  readonly streamAddress: string | null;
  /** Null until it is measured. */
  readonly link: StoreLink | null;
}

/**
 * Statements of heartbeats do not wait for the disk: a slow one would hold up the renewals of leases, which share their
 * connection. A crash of Postgres right after it costs a report that the next heartbeat repeats.
 */
const WITHOUT_DISK = `set_config('synchronous_commit', 'off', true) AS disk WHERE disk = 'off'`;

/** Work that may wait for a worker beside tasks, which the queue offers. */
const WANTED = {
  /** Whether it must drain. */
  draining: flag,
  /** Whether an import may be claimed. */
  imports: flag,
  /** Whether a profile of a device of this worker may be. */
  profiles: flag,
  /** Whether a part of an evaluation or of a batch prediction may be. */
  parts: flag,
};
export type Wanted = RowOf<typeof WANTED>;

const isOpenIn = (table: LeasedTable): Prisma.Sql =>
  Prisma.sql`EXISTS (SELECT 1 FROM ${Prisma.raw(table)} WHERE uri IS NULL AND ${TAKEABLE})`;

/** Read from the row: with a parameter, Postgres would plan the statement anew each time, for the number of kinds. */
const OF_ITS_KIND = Prisma.sql`device_kind IN (SELECT own->>'kind' FROM jsonb_array_elements(worker.devices) AS each(own))`;

// One statement for all that an idle worker asks, since a thousand workers ask it.
const written = prepare(
  'report-worker',
  WANTED,
  Prisma.sql`INSERT INTO worker (id, host, pid, devices, slots, versions, stream_address, link)
  SELECT $1::text, $2::text, $3::int, $4::jsonb, $5::jsonb, $6::jsonb, $7::text, $8::jsonb
  FROM ${Prisma.raw(WITHOUT_DISK)}
  ON CONFLICT (id) DO UPDATE SET devices = excluded.devices, slots = excluded.slots, versions = excluded.versions,
    stream_address = excluded.stream_address, link = excluded.link, heartbeat_at = now()
  RETURNING draining_at IS NOT NULL AS draining,
    EXISTS (SELECT 1 FROM dataset_import WHERE ${TAKEABLE}) AS imports,
    EXISTS (SELECT 1 FROM profile WHERE ${OF_ITS_KIND} AND ${PROFILE_TAKEABLE}) AS profiles,
    ${isOpenIn('evaluation_part')} OR ${isOpenIn('batch_part')} AS parts`.text,
);

/**
 * Writes the row of the worker, with a heartbeat by the clock of the database, which all hosts share.
 * @returns what waits for workers, among them this one
 */
export async function reportWorker(db: Pooled, report: WorkerReport): Promise<Wanted> {
  const { id, host, pid, devices, streamAddress, link } = report;
  const json = [devices, report.slots, report.versions].map((value) => JSON.stringify(value));
  const [row] = await written(db, [
    ...[id, host, pid, ...json],
    ...[streamAddress, link && JSON.stringify(link)],
  ]);
  if (row === undefined) throw new Error('the report of a worker always returns a row');
  return row;
}

const savedMetrics = prepare(
  'save-worker-metrics',
  { id: text },
  `UPDATE worker SET metrics = $2::jsonb FROM ${WITHOUT_DISK} AND id = $1 RETURNING id`,
);

/** Stores the metrics of the worker. @returns false if its row does not exist */
export async function saveWorkerMetrics(
  db: Pooled,
  id: string,
  metrics: readonly object[],
): Promise<boolean> {
  return (await savedMetrics(db, [id, JSON.stringify(metrics)])).length > 0;
}

export async function deleteWorker(db: Queryable, id: string): Promise<void> {
  await db.worker.deleteMany({ where: { id } });
}

/** Lets a worker drain. @returns false if there is no such worker */
export async function requestDrain(db: Queryable, id: string): Promise<boolean> {
  const drained = await db.$executeRaw`
    UPDATE worker SET draining_at = coalesce(draining_at, now()) WHERE id = ${id}`;
  return drained > 0;
}

/** Deletes rows of workers that ended without removing them. */
export async function deleteGoneWorkers(db: Queryable): Promise<void> {
  await db.$executeRaw`
    DELETE FROM worker WHERE heartbeat_at < now() - ${WORKER_GONE_MS} * interval '1 millisecond'`;
}

/** A worker as others see it: without its metrics. */
const LIVE_WORKER = {
  id: text,
  host: text,
  pid: int,
  devices: COLUMNS.worker.devices,
  slots: COLUMNS.worker.slots,
  versions: COLUMNS.worker.versions,
  link: COLUMNS.worker.link,
  startedAt: time,
  heartbeatAt: time,
  draining: flag,
};
export type LiveWorker = RowOf<typeof LIVE_WORKER>;

const heardOf = prepare(
  'workers',
  LIVE_WORKER,
  `SELECT id, host, pid, devices, slots, versions, link, started_at AS "startedAt", heartbeat_at AS "heartbeatAt",
    draining_at IS NOT NULL AS draining
  FROM worker WHERE heartbeat_at >= now() - ${WORKER_GONE_MS} * interval '1 millisecond' ORDER BY started_at`,
);

/** Workers with a recent heartbeat, oldest first. */
export function findWorkers(db: Database): Promise<LiveWorker[]> {
  return heardOf(db, []);
}

const FLEET = {
  /** Workers with a recent heartbeat. */
  workers: int,
  /** Whether one of them is on another host. */
  elsewhere: flag,
};
export type Fleet = RowOf<typeof FLEET>;

// Reads no JSON: each of a thousand workers asks it.
const fleetSeenFrom = prepare(
  'fleet',
  FLEET,
  `SELECT count(*)::int AS workers, coalesce(bool_or(host <> $1::text), false) AS elsewhere
  FROM worker WHERE heartbeat_at >= now() - ${WORKER_GONE_MS} * interval '1 millisecond'`,
);

/** Counts the workers, and says whether one of them is on another host than this. */
export async function readFleet(db: Pooled, host: string): Promise<Fleet> {
  const [fleet] = await fleetSeenFrom(db, [host]);
  if (fleet === undefined) throw new Error('a count always returns a row');
  return fleet;
}

/** Devices of all workers. */
export function deviceCount(workers: readonly LiveWorker[]): DeviceCount {
  const devices = workers.flatMap((worker) => worker.devices);
  return {
    devices: devices.length,
    withBfloat16: devices.filter(({ bfloat16 }) => bfloat16).length,
    preferBfloat16: devices.filter(({ prefers_bfloat16 }) => prefers_bfloat16).length,
  };
}
