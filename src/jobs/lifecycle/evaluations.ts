import { isErrorCode } from '../../contract/errors.js';
import type { PartSuccess } from '../../contract/evaluator-protocol.js';
import { IMAGES_PER_PART } from '../process/limits.js';
import type { Database, Transaction } from '../store/connection/database.js';
import { type ClaimedPart, finishPart } from '../store/evaluation-parts.js';
import { endEvaluation, lockUnfinished, startAnswers } from '../store/evaluations.js';
import { updateHeld } from '../store/leases.js';
import { releasePart } from '../store/parts.js';
import { nextTry } from './next-try.js';

/** Stores what a part brought; that of the figures ends the evaluation. @returns false for a stale attempt */
export function recordPart(db: Database, claim: ClaimedPart, success: PartSuccess): Promise<boolean> {
  return whileHeld(db, claim, async (tx) => {
    if (success.kind === 'answers') return finishPart(tx, claim, success.uri);
    if (success.kind === 'assembly') {
      if (!(await updateHeld(tx, 'evaluation_part', claim))) return false;
      await startAnswers(tx, claim.evaluationId, success.serving, IMAGES_PER_PART);
      return true;
    }
    if (success.kind !== 'figures') throw new Error(`a part of an evaluation brought ${success.kind}`);
    const { figures, predictions } = success;
    return endHeld(tx, claim, { state: 'succeeded', figures, predictionsUri: predictions });
  });
}

/** Tries the part again if that may help; otherwise the evaluation fails. @returns false for a stale attempt */
export function recordPartFailure(
  db: Database,
  claim: ClaimedPart,
  { code, message }: { readonly code: string; readonly message: string },
): Promise<boolean> {
  const next = nextTry(claim, code);
  if (next !== null) return releasePart(db, 'evaluation_part', claim, next);
  const error = { code: isErrorCode(code) ? code : 'internal', message };
  return whileHeld(db, claim, (tx) => endHeld(tx, claim, { state: 'failed', error }));
}

/** Ends a claim without counting a failure, as a stopping worker does. */
export function handBackPart(db: Database, claim: ClaimedPart): Promise<boolean> {
  return releasePart(db, 'evaluation_part', claim, { ...claim, waitMs: 0 });
}

/** Ends the evaluation of a part, unless another attempt holds the part by now. */
async function endHeld(
  tx: Transaction,
  claim: ClaimedPart,
  end: Parameters<typeof endEvaluation>[2],
): Promise<boolean> {
  if (!(await updateHeld(tx, 'evaluation_part', claim))) return false;
  await endEvaluation(tx, claim.evaluationId, end);
  return true;
}

/** Locks the evaluation first, as a cancellation does. An ended one changes no more. */
function whileHeld(
  db: Database,
  { evaluationId }: ClaimedPart,
  change: (tx: Transaction) => Promise<boolean>,
): Promise<boolean> {
  return db.$transaction(async (tx) => (await lockUnfinished(tx, evaluationId)) && change(tx));
}
