import { isErrorCode, StrataError } from '../../contract/errors.js';
import type { PartSuccess } from '../../contract/evaluator-protocol.js';
import { batchVerdict } from '../../planning/batches.js';
import { IMAGES_PER_PART } from '../process/limits.js';
import { type ClaimedBatchPart, finishBatchPart } from '../store/batch-parts.js';
import { endBatch, lockUnfinishedBatch, startBatch } from '../store/batch-predictions.js';
import type { Database, Transaction } from '../store/connection/database.js';
import { updateHeld } from '../store/leases.js';
import { releasePart } from '../store/parts.js';
import { nextTry } from './next-try.js';
import { type Quota, takeBytes } from './quota.js';

/**
 * Stores the lines of a part. The last one ends the batch prediction, and so does one after which too many images have
 * failed. @returns false for a stale attempt
 */
export function recordBatchPart(
  db: Database,
  claim: ClaimedBatchPart,
  success: PartSuccess,
): Promise<boolean> {
  if (success.kind !== 'predictions') throw new Error('a part of a batch prediction brought no lines');
  return whileHeld(db, claim, async (tx) => {
    const counts = await finishBatchPart(tx, claim, success);
    if (counts === null) return false;
    const verdict = batchVerdict(counts);
    if (verdict?.state === 'succeeded') await endBatch(tx, claim.batchId, verdict);
    if (verdict?.state === 'failed') {
      const error = { code: 'batch_images_unreadable', message: `${verdict.reason}.` };
      await endBatch(tx, claim.batchId, { state: 'failed', error });
    }
    return true;
  });
}

/**
 * Cuts the unpacked pictures of an upload into parts, in place of the part that unpacked them. The batch prediction fails if
 * they do not fit into the quota. @returns false for a stale attempt
 */
export async function recordPictures(
  db: Database,
  claim: ClaimedBatchPart,
  success: PartSuccess,
  quota: Quota,
): Promise<boolean> {
  if (success.kind !== 'pictures') throw new Error('an upload brought no pictures');
  try {
    return await whileHeld(db, claim, async (tx) => {
      if (!(await updateHeld(tx, 'batch_part', claim))) return false;
      const more = success.sizeBytes - claim.inputBytes;
      if (more > 0) await takeBytes(tx, quota, claim.tenant, more);
      await startBatch(tx, claim, success, IMAGES_PER_PART);
      return true;
    });
  } catch (error) {
    if (!(error instanceof StrataError)) throw error;
    return recordBatchPartFailure(db, claim, error);
  }
}

/** Tries the part again if that may help; otherwise the batch prediction fails. @returns false for a stale attempt */
export function recordBatchPartFailure(
  db: Database,
  claim: ClaimedBatchPart,
  { code, message }: { readonly code: string; readonly message: string },
): Promise<boolean> {
  const next = nextTry(claim, code);
  if (next !== null) return releasePart(db, 'batch_part', claim, next);
  const error = { code: isErrorCode(code) ? code : 'internal', message };
  return whileHeld(db, claim, async (tx) => {
    if (!(await updateHeld(tx, 'batch_part', claim))) return false;
    await endBatch(tx, claim.batchId, { state: 'failed', error });
    return true;
  });
}

/** Ends a claim without counting a failure, as a stopping worker does. */
export function handBackBatchPart(db: Database, claim: ClaimedBatchPart): Promise<boolean> {
  return releasePart(db, 'batch_part', claim, { ...claim, waitMs: 0 });
}

/** Locks the batch prediction first, as a cancellation does. An ended one changes no more. */
function whileHeld(
  db: Database,
  { batchId }: ClaimedBatchPart,
  change: (tx: Transaction) => Promise<boolean>,
): Promise<boolean> {
  return db.$transaction(async (tx) => (await lockUnfinishedBatch(tx, batchId)) && change(tx));
}
