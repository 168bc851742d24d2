import { isTerminal } from '../../../contract/states.js';
import type { SecretBox } from '../../outgoing/secret-box.js';
import { OutgoingError, type OutgoingPolicy } from '../../outgoing/target.js';
import { LEASE_MS, TRACKER_PART_MS, TRACKER_PART_RETRY_MS } from '../../process/limits.js';
import type { Places } from '../../process/places.js';
import type { Database } from '../../store/connection/database.js';
import type { DeliveryFailure } from '../../store/deliveries.js';
import { endsAfter, pointsSince } from '../../store/metrics.js';
import {
  type ClaimedExport,
  claimExport,
  type ExportedPart,
  type ExportedRun,
  recordExport,
  recordExportFailure,
  recordPart,
  recordPartFailure,
} from '../../store/tracker-exports.js';
import { type Ask, openAsk } from './ask.js';
import { addToMlflow, exportToMlflow } from './mlflow.js';
import { type OutboxOptions, openOutbox } from './outbox.js';
import { readSubject, type Subject } from './subject.js';

/** Time limit for all requests of one export together. */
const EXPORT_MS = 600_000;
const AT_ONCE = 8;

export interface Exporter extends OutboxOptions {
  readonly policy: OutgoingPolicy;
  readonly openBox: () => Promise<SecretBox>;
}

/**
 * Hands jobs over to their trackers: part by part while they run, and whole when they have ended. An attempt may happen
 * twice; there is one run all the same.
 */
export function openExports(exporter: Exporter): Places {
  const { db } = exporter;
  return openOutbox<ClaimedExport, ExportedRun | ExportedPart>(
    {
      table: 'tracker_export',
      claim: () => claimExport(db, LEASE_MS),
      async send(claimed, over) {
        const subject = await readSubject(db, claimed.jobId);
        const ask = await askerOf(exporter, claimed, over);
        const isOver = isTerminal('job', subject.state);
        return {
          arrived: await (isOver
            ? exportToMlflow(claimed, subject, ask)
            : sendPart(db, claimed, subject, ask)),
        };
      },
      arrived: (claimed, run) =>
        'sent' in run ? recordPart(db, claimed, run) : recordExport(db, claimed, run),
      failed: (claimed, failure) => recordFailure(db, claimed, failure),
    },
    AT_ONCE,
    exporter,
  );
}

/** Maximum number of points of one series in one part. */
const PART_POINTS = 1_000;

/** Sends what a running job has measured since the last part; nothing where there is nothing new. */
async function sendPart(
  db: Database,
  claimed: ClaimedExport,
  subject: Subject,
  ask: Ask,
): Promise<ExportedPart> {
  const { runId, runUrl, sent } = claimed;
  const known = runId !== null && runUrl !== null ? { runId, runUrl } : null;
  const points = await pointsSince(db, subject.id, sent ?? [], PART_POINTS);
  const run =
    known !== null && points.length === 0 ? known : await addToMlflow(claimed, subject, points, known, ask);
  const isFull = points.length >= PART_POINTS;
  return { ...run, sent: endsAfter(sent ?? [], points), pauseMs: isFull ? 0 : TRACKER_PART_MS };
}

/** While its job runs, an export is never given up: the attempts of the whole export begin when the job has ended. */
function recordFailure(db: Database, claimed: ClaimedExport, failure: DeliveryFailure): Promise<boolean> {
  if (failure.retryMs === null || isTerminal('job', claimed.state))
    return recordExportFailure(db, claimed, failure);
  return recordPartFailure(db, claimed, failure.error, TRACKER_PART_RETRY_MS);
}

async function askerOf(
  { policy, openBox }: Exporter,
  claimed: ClaimedExport,
  over: AbortSignal,
): Promise<Ask> {
  const { id, trackingUri, authorization } = claimed;
  const late = AbortSignal.timeout(EXPORT_MS);
  return openAsk({
    base: trackingUri,
    userAgent: 'Strata-Trackers',
    authorization: authorization && (await openBox()).open(authorization, id),
    policy,
    purpose: 'tracker',
    check() {
      // Somebody else makes this export now, or is to.
      over.throwIfAborted();
      if (late.aborted) throw new OutgoingError(`took more than ${EXPORT_MS / 60_000} minutes`);
    },
  });
}
