import { COLUMNS, type SeriesEnd } from './columns.js';
import { orNull, type RowOf, text } from './connection/column.js';
import type { Database, Queryable, Transaction } from './connection/database.js';
import { notify } from './connection/notify.js';
import { statement } from './connection/statement.js';
import {
  CLAIMED_DELIVERY,
  type DeliveryFailure,
  recordDelivered,
  recordDeliveryFailure,
} from './deliveries.js';
import { Prisma } from './generated/client.js';
import { newId } from './ids.js';
import { type Fence, giveBack, TAKEABLE, taken } from './leases.js';
import { type SharedPlace, takeInTurn } from './turns.js';

/** A tracker of a job. Its authorization is encrypted, bound to the id of its row. */
export interface SealedTracker {
  readonly id: string;
  readonly type: string;
  readonly trackingUri: string;
  readonly experiment: string;
  /** Encrypted. */
  readonly authorization: string | null;
}

export const newTrackerExportId = (): string => newId('tracker');

/** Adds an export, or restarts the existing one: a job has one run in each experiment of a tracker. */
export async function putTrackerExport(
  tx: Transaction,
  tenant: string,
  jobId: string,
  tracker: SealedTracker,
) {
  const { id, authorization, type, trackingUri, experiment } = tracker;
  await tx.$executeRaw`
    INSERT INTO tracker_export (id, tenant, job_id, type, tracking_uri, experiment, "authorization")
    VALUES (${id}, ${tenant}, ${jobId}, ${type}, ${trackingUri}, ${experiment}, ${authorization})
    ON CONFLICT (job_id, type, tracking_uri, experiment) DO UPDATE SET id = excluded.id,
      "authorization" = excluded."authorization", state = 'pending', attempt = tracker_export.attempt + 1, attempts = 0,
      losses = 0, lease_until = NULL, due_at = now(), error = NULL, finished_at = NULL, sent = NULL`;
  notify(tx, 'strata_dispatch');
  return tx.trackerExport.findUniqueOrThrow({ where: { id } });
}

/** Exports in the order of their requests. */
export function findTrackerExports(db: Queryable, jobId: string) {
  return db.trackerExport.findMany({ where: { jobId }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
}

export function countTrackerExports(db: Queryable, jobId: string): Promise<number> {
  return db.trackerExport.count({ where: { jobId } });
}

/** An export that is this process's to make, until its lease is over. */
const CLAIMED_EXPORT = {
  ...CLAIMED_DELIVERY,
  jobId: text,
  trackingUri: text,
  experiment: text,
  /** Encrypted. */
  authorization: orNull(text),
  /** State of the job when it was claimed. */
  state: COLUMNS.job.state,
  /** The run, if the export has reached it while the job ran. */
  runId: orNull(text),
  runUrl: orNull(text),
  /** Data that were sent while the job ran. */
  sent: COLUMNS.trackerExport.sent,
};
export type ClaimedExport = RowOf<typeof CLAIMED_EXPORT>;
const claimed = statement('claim-export', CLAIMED_EXPORT);

/** A tenant with slow trackers holds two places, of those of all dispatchers. */
const PLACE: SharedPlace = {
  name: 'export',
  table: 'tracker_export',
  open: Prisma.sql`state = 'pending'`,
  ready: Prisma.sql`EXISTS (SELECT FROM job WHERE job.id = job_id AND (job.started_at IS NOT NULL OR job.finished_at IS NOT NULL))`,
  lane: ['tenant'],
  tenantMax: 2,
  laneMax: 2,
};

/** Takes the export whose turn it is, of a job that has started or ended; null where none is due. */
export function claimExport(db: Database, leaseMs: number): Promise<ClaimedExport | null> {
  return takeInTurn(db, PLACE, (id) =>
    claimed.first(
      db,
      Prisma.sql`
      UPDATE tracker_export AS export SET ${taken(leaseMs)}, attempts = attempts + 1
      FROM job
      WHERE job.id = export.job_id AND export.id = ${id} AND export.state = 'pending' AND ${TAKEABLE}
      RETURNING export.id, attempt, export.tenant, attempts, losses, job_id AS "jobId", tracking_uri AS "trackingUri",
        experiment, "authorization", job.state, run_id AS "runId", run_url AS "runUrl", sent`,
    ),
  );
}

/** The exported run in the tracker. */
export interface ExportedRun {
  readonly runId: string;
  readonly runUrl: string;
}

export function recordExport(db: Queryable, fence: Fence, { runId, runUrl }: ExportedRun): Promise<boolean> {
  return recordDelivered(db, 'tracker_export', fence, Prisma.sql`, run_id = ${runId}, run_url = ${runUrl}`);
}

/** A part of a running job that has arrived in its run. */
export interface ExportedPart extends ExportedRun {
  readonly sent: readonly SeriesEnd[];
  /** Pause before the next part. */
  readonly pauseMs: number;
}

/** Records a part; what follows is due after the pause. A part counts as no attempt: the export is still to be made. */
export function recordPart(
  db: Queryable,
  fence: Fence,
  { runId, runUrl, sent, pauseMs }: ExportedPart,
): Promise<boolean> {
  const arrived = Prisma.sql`run_id = ${runId}, run_url = ${runUrl}, sent = ${JSON.stringify(sent)}::jsonb`;
  return giveBack(
    db,
    'tracker_export',
    fence,
    pauseMs,
    Prisma.sql`attempts = 0, losses = 0, error = NULL, ${arrived}`,
  );
}

/** Records a part that did not arrive. The run is searched again, since somebody may have deleted it. */
export function recordPartFailure(
  db: Queryable,
  fence: Fence,
  error: string,
  pauseMs: number,
): Promise<boolean> {
  const failed = Prisma.sql`attempts = 0, error = ${error}, run_id = NULL, run_url = NULL`;
  return giveBack(db, 'tracker_export', fence, pauseMs, failed);
}

export function recordExportFailure(db: Queryable, fence: Fence, failure: DeliveryFailure): Promise<boolean> {
  return recordDeliveryFailure(db, 'tracker_export', fence, failure);
}
