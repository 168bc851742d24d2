import type { SecretBox } from '../../outgoing/secret-box.js';
import { sendRequest } from '../../outgoing/send.js';
import { forPurpose, OutgoingError, type OutgoingPolicy } from '../../outgoing/target.js';
import { LEASE_MS } from '../../process/limits.js';
import type { Places } from '../../process/places.js';
import {
  type ClaimedExport,
  claimExport,
  type ExportedRun,
  recordExport,
  recordExportFailure,
} from '../../store/tracker-exports.js';
import type { Ask } from './ask.js';
import { exportToMlflow } from './mlflow.js';
import { type OutboxOptions, openOutbox } from './outbox.js';
import { readSubject } from './subject.js';

const TIMEOUT_MS = 15_000;
/** Time limit for all requests of one export together. */
const EXPORT_MS = 600_000;
const MAX_ANSWER_BYTES = 1024 * 1024;
const AT_ONCE = 8;

export interface Exporter extends OutboxOptions {
  readonly policy: OutgoingPolicy;
  readonly openBox: () => Promise<SecretBox>;
}

/** Hands finished jobs over to their trackers. An attempt may happen twice; there is one run all the same. */
export function openExports(exporter: Exporter): Places {
  const { db } = exporter;
  return openOutbox<ClaimedExport, ExportedRun>(
    {
      table: 'tracker_export',
      claim: () => claimExport(db, LEASE_MS),
      async send(claimed, over) {
        const subject = await readSubject(db, claimed.jobId);
        const ask = await askerOf(exporter, claimed, over);
        return { arrived: await exportToMlflow(claimed, subject, ask) };
      },
      arrived: (claimed, run) => recordExport(db, claimed, run),
      failed: (claimed, failure) => recordExportFailure(db, claimed, failure),
    },
    AT_ONCE,
    exporter,
  );
}

async function askerOf(
  { policy, openBox }: Exporter,
  claimed: ClaimedExport,
  over: AbortSignal,
): Promise<Ask> {
  const { id, trackingUri, authorization } = claimed;
  const late = AbortSignal.timeout(EXPORT_MS);
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Strata-Trackers',
    ...(authorization && { authorization: (await openBox()).open(authorization, id) }),
  };
  return async (method, path, body) => {
    // Somebody else makes this export now, or is to.
    over.throwIfAborted();
    if (late.aborted) throw new OutgoingError(`took more than ${EXPORT_MS / 60_000} minutes`);
    const request = { method, headers, timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER_BYTES };
    const sent = body === undefined ? request : { ...request, body: JSON.stringify(body) };
    return sendRequest(trackingUri.replace(/\/+$/, '') + path, sent, forPurpose(policy, 'tracker'));
  };
}
