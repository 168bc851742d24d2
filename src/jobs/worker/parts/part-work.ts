import type { PartAssignment, PartSuccess } from '../../../contract/evaluator-protocol.js';
import type { ImportLimits } from '../../../contract/importer-protocol.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import {
  handBackBatchPart,
  recordBatchPart,
  recordBatchPartFailure,
  recordPictures,
} from '../../lifecycle/batches.js';
import { handBackPart, recordPart, recordPartFailure } from '../../lifecycle/evaluations.js';
import type { Quota } from '../../lifecycle/quota.js';
import { LEASE_MS } from '../../process/limits.js';
import { type ClaimedBatchPart, claimBatchPart } from '../../store/batch-parts.js';
import type { Database } from '../../store/connection/database.js';
import { type ClaimedPart, claimPart, findAnswers } from '../../store/evaluation-parts.js';
import type { Lease } from '../../store/leases.js';

interface Failure {
  readonly code: string;
  readonly message: string;
}

/** A claimed part, whatever it belongs to. What records its end returns false for a stale attempt. */
export interface PartWork {
  readonly lease: Lease;
  /** Attempts that were lost with their worker. */
  readonly losses: number;
  /** Name of the part in the log. */
  readonly about: Readonly<Record<string, unknown>>;
  assignment(): Promise<PartAssignment>;
  record(success: PartSuccess): Promise<boolean>;
  recordFailure(failure: Failure): Promise<boolean>;
  handBack(): Promise<boolean>;
}

/** Claims the next part of one kind; null where none waits. */
export type ClaimPart = (db: Database, workerId: string) => Promise<PartWork | null>;

export const claimEvaluationPart: ClaimPart = async (db, workerId) => {
  const claim = await claimPart(db, workerId, LEASE_MS);
  return claim && evaluationPart(db, claim);
};

function evaluationPart(db: Database, claim: ClaimedPart): PartWork {
  const { id, attempt, evaluationId, number, setup, first, count } = claim;
  return {
    lease: { table: 'evaluation_part', id, attempt },
    losses: claim.losses,
    about: { evaluation: evaluationId, part: number, attempt },
    assignment: async () => {
      const { network, assembly } = setup;
      if (network === null) {
        if (!assembly) throw new Error(`${evaluationId} has neither a network nor a checkpoint`);
        return { kind: 'assembly', id, attempt, ...assembly };
      }
      const known = { ...setup, network };
      if (count > 0) return { kind: 'answers', setup: known, first, count };
      return { kind: 'figures', setup: known, parts: await findAnswers(db, evaluationId) };
    },
    record: (success) => recordPart(db, claim, success),
    recordFailure: (failure) => recordPartFailure(db, claim, failure),
    handBack: () => handBackPart(db, claim),
  };
}

export interface BatchPartOptions {
  readonly blobs: BlobStore;
  /** Limits for the upload of a batch prediction. */
  readonly importLimits: ImportLimits;
  readonly quota: Quota;
}

export function claimPartOfBatch(options: BatchPartOptions): ClaimPart {
  return async (db, workerId) => {
    const claim = await claimBatchPart(db, workerId, LEASE_MS);
    if (claim === null) return null;
    const { id, attempt, batchId, number, setup, first, count } = claim;
    return {
      lease: { table: 'batch_part', id, attempt },
      losses: claim.losses,
      about: { batch: batchId, part: number, attempt },
      assignment: async () => ({ kind: 'predictions', setup, first, count }),
      record: (success) => recordBatchPart(db, claim, success),
      recordFailure: (failure) => recordBatchPartFailure(db, claim, failure),
      handBack: () => handBackBatchPart(db, claim),
      ...(claim.importId !== null && unpacking(db, claim, claim.importId, options)),
    };
  };
}

/** The first part of a batch prediction of an upload: it makes the other parts. */
function unpacking(
  db: Database,
  claim: ClaimedBatchPart,
  importId: string,
  { blobs, importLimits: limits, quota }: BatchPartOptions,
): Pick<PartWork, 'assignment' | 'record'> {
  const source = `spool:${importId}/source` as const;
  return {
    assignment: async () => ({ kind: 'pictures', source, work: `${importId}/a${claim.attempt}`, limits }),
    record: async (success) => {
      const isCurrent = await recordPictures(db, claim, success, quota);
      if (isCurrent) await blobs.deleteSpool(`${importId}/`);
      return isCurrent;
    },
  };
}
