import { type SecretBox, UnopenableSecretError } from '../../outgoing/secret-box.js';
import { sendRequest } from '../../outgoing/send.js';
import { OutgoingError, type OutgoingPolicy } from '../../outgoing/target.js';
import type { Database } from '../../store/connection/database.js';
import {
  type ClaimedExport,
  claimDueExports,
  recordExport,
  recordExportFailure,
  renewExport,
} from '../../store/tracker-exports.js';
import type { Ask } from './ask.js';
import { exportToMlflow } from './mlflow.js';
import { readSubject } from './subject.js';

const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 1024 * 1024;
const AT_ONCE = 4;
/** Longer than a request can take; renewed before each. */
const CLAIM_MS = 60_000;

export interface Exporter {
  readonly db: Database;
  readonly policy: OutgoingPolicy;
  readonly openBox: () => Promise<SecretBox>;
  /** Until the attempt after this one; null for none. */
  readonly retryPauseMs: (attempts: number) => number | null;
}

/** Somebody else makes this export now. */
class ClaimLostError extends Error {}

/** Hands every finished job that is due over to its trackers. An attempt may happen twice; there is one run all the same. */
export async function exportDue(exporter: Exporter): Promise<void> {
  for (;;) {
    const due = await claimDueExports(exporter.db, AT_ONCE, CLAIM_MS);
    if (due.length === 0) return;
    await Promise.all(due.map((claimed) => exportOne(exporter, claimed)));
  }
}

async function exportOne(exporter: Exporter, claimed: ClaimedExport): Promise<void> {
  const { db, retryPauseMs } = exporter;
  try {
    const subject = await readSubject(db, claimed.jobId);
    const run = await exportToMlflow(claimed, subject, await askerOf(exporter, claimed));
    await recordExport(db, claimed, run);
  } catch (error) {
    if (error instanceof ClaimLostError) return;
    if (!(error instanceof OutgoingError || error instanceof UnopenableSecretError)) throw error;
    await recordExportFailure(db, claimed, error.message, retryPauseMs(claimed.attempts));
  }
}

async function askerOf({ db, policy, openBox }: Exporter, claimed: ClaimedExport): Promise<Ask> {
  const { id, trackingUri, authorization } = claimed;
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Strata-Trackers',
    ...(authorization && { authorization: (await openBox()).open(authorization, id) }),
  };
  return async (method, path, body) => {
    if (!(await renewExport(db, claimed, CLAIM_MS))) throw new ClaimLostError();
    const request = { method, headers, timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER_BYTES };
    const sent = body === undefined ? request : { ...request, body: JSON.stringify(body) };
    return sendRequest(trackingUri.replace(/\/+$/, '') + path, sent, policy);
  };
}
