import type { BlobStore } from '../../storage/blob-store.js';
import { RECONCILE_MS } from '../process/limits.js';
import type { Places } from '../process/places.js';
import type { Log } from '../process/process.js';
import type { TaskQueue } from '../queue/queue.js';
import type { Database } from '../store/connection/database.js';
import { deleteGoneDispatchers } from '../store/dispatchers.js';
import { deleteOldSeats } from '../store/gang-seats.js';
import { deleteOldKeys } from '../store/idempotency-keys.js';
import { deleteOldArtifacts } from '../store/old-artifacts.js';
import { tidyProfiles } from '../store/profiles.js';
import { deleteOldDeliveries } from '../store/webhook-deliveries.js';
import { deleteGoneWorkers } from '../store/workers.js';
import { endSpentBudgets } from './budgets.js';
import type { Duty } from './duties.js';
import { pacedOffers } from './enqueue.js';
import { deleteConsumedSpools, deleteEndedSpools, deleteGarbage, deleteLostUploads } from './housekeeping.js';
import {
  failOverlongQueuedJobs,
  failOvertimeJobs,
  planJobs,
  settleStoppingJobs,
  takeBackExpired,
} from './reconcile.js';
import { judgeReproductions } from './reproductions.js';
import { advanceSweeps } from './sweeps.js';

const HOUSEKEEPING_MS = 30_000;
const GARBAGE_MS = 300_000;

export interface DutyParts {
  readonly db: Database;
  /** With the patience that a look at tables of any size needs. */
  readonly tidying: Database;
  readonly blobs: BlobStore;
  readonly queue: TaskQueue;
  readonly deliveries: Pick<Places, 'fill'>;
  readonly exports: Pick<Places, 'fill'>;
  readonly pushes: Pick<Places, 'fill'>;
  /** Days for which artifacts are kept after their job's end; absent: for ever. */
  readonly retentionDays: number | undefined;
  readonly log: Log;
}

/** Everything that the dispatcher does by itself. */
export function allDuties(parts: DutyParts): Duty[] {
  return [...dutiesOfJobs(parts), ...outboxes(parts), ...spoolDuties(parts), ...housekeeping(parts)];
}

function dutiesOfJobs({ db, blobs, queue, log }: DutyParts): Duty[] {
  const onChanges = { intervalMs: RECONCILE_MS, nudgedBy: 'changes' } as const;
  // No change makes a time come earlier, and each of these reads every job or task that is not over.
  const byTime = { intervalMs: RECONCILE_MS, nudgedBy: 'time' } as const;
  return [
    { name: 'plans', ...onChanges, run: () => planJobs(db, log) },
    { name: 'leases', ...byTime, run: () => takeBackExpired(db, log) },
    { name: 'max_runtime', ...byTime, run: () => failOvertimeJobs(db, log) },
    { name: 'budgets', ...byTime, run: () => endSpentBudgets(db, log) },
    { name: 'max_pending', ...byTime, run: () => failOverlongQueuedJobs(db, log) },
    { name: 'stops', ...onChanges, run: () => settleStoppingJobs(db) },
    { name: 'sweeps', ...onChanges, run: () => advanceSweeps(db, log) },
    { name: 'reproductions', ...onChanges, run: () => judgeReproductions(db, blobs, log) },
    { name: 'enqueue', intervalMs: RECONCILE_MS, nudgedBy: 'ready', run: pacedOffers(db, queue) },
  ];
}

function outboxes({ deliveries, exports, pushes }: DutyParts): Duty[] {
  const onChanges = { intervalMs: RECONCILE_MS, nudgedBy: 'changes' } as const;
  return [
    { name: 'webhooks', ...onChanges, run: () => deliveries.fill() },
    { name: 'trackers', ...onChanges, run: () => exports.fill() },
    { name: 'pushes', ...onChanges, run: () => pushes.fill() },
  ];
}

function spoolDuties({ db, blobs }: DutyParts): Duty[] {
  const often = { intervalMs: RECONCILE_MS, nudgedBy: 'time' } as const;
  return [
    { name: 'spools', ...often, run: () => deleteConsumedSpools(db, blobs) },
    { name: 'ended_spools', ...often, run: () => deleteEndedSpools(db, blobs) },
  ];
}

function housekeeping({ db, tidying, blobs, retentionDays: days, log }: DutyParts): Duty[] {
  const seldom = { intervalMs: HOUSEKEEPING_MS, nudgedBy: 'time' } as const;
  const duties: Duty[] = [
    { name: 'keys', ...seldom, run: () => deleteOldKeys(tidying) },
    { name: 'workers', ...seldom, run: () => deleteGoneWorkers(tidying) },
    { name: 'dispatchers', ...seldom, run: () => deleteGoneDispatchers(tidying) },
    { name: 'gangs', ...seldom, run: () => deleteOldSeats(tidying) },
    { name: 'deliveries', ...seldom, run: () => deleteOldDeliveries(tidying) },
    { name: 'profiles', ...seldom, run: () => tidyProfiles(tidying) },
    { name: 'uploads', ...seldom, run: () => deleteLostUploads(db, blobs) },
    { ...seldom, name: 'garbage', intervalMs: GARBAGE_MS, run: () => deleteGarbage(tidying, blobs, log) },
  ];
  if (days === undefined) return duties;
  return [...duties, { name: 'artifacts', ...seldom, run: () => deleteOldArtifacts(tidying, days) }];
}
