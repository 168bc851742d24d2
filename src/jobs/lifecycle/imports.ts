import { ERRORS, isErrorCode, retryClassOf, StrataError } from '../../contract/errors.js';
import type { ImportFailure, ImportSuccess } from '../../contract/importer-protocol.js';
import type { ImageShape } from '../../contract/spec.js';
import { MAX_IMPORT_ATTEMPTS, MAX_OUTAGES, outagePauseMs, RETRY_BACKOFF_MS } from '../process/limits.js';
import { announce } from '../store/announcements.js';
import type { Database, Transaction } from '../store/connection/database.js';
import { type ClaimedImport, deleteImport, releaseImport } from '../store/dataset-imports.js';
import { lockDatasetRow, readState, setFailed, setReady, setSource } from '../store/datasets.js';
import { readStoredBytes, setStoredBytes } from '../store/tenant-bytes.js';
import { type Quota, takeBytes } from './quota.js';

/**
 * Makes a dataset ready and stores the facts about it. @returns false for a stale attempt, which changes nothing
 */
export async function recordImport(
  db: Database,
  claim: ClaimedImport,
  { manifest, stored_bytes: storedBytes, ...facts }: ImportSuccess,
  quota: Quota,
): Promise<boolean> {
  const sha256 = manifest.uri.slice('sha256:'.length);
  try {
    return await endImport(db, claim, async (tx) => {
      await resizeDataset(tx, claim, storedBytes, quota);
      await setReady(tx, claim.datasetId, { ...facts, sha256, augmentation: augmentationFor(facts.image) });
    });
  } catch (error) {
    if (!(error instanceof StrataError) || error.code !== 'quota_reached') throw error;
    const { code, message } = error;
    return recordImportFailure(db, claim, { code, message, problems: [], problem_count: 0 });
  }
}

/** Stores the origin and the size of what was fetched. @throws StrataError quota_reached */
export function recordFetch(
  db: Database,
  claim: ClaimedImport,
  fetched: Fetched,
  quota: Quota,
): Promise<void> {
  const source = { kind: claim.source.kind, sha256: fetched.sha256, size_bytes: fetched.sizeBytes };
  return db.$transaction(async (tx) => {
    await lockDatasetRow(tx, claim.datasetId);
    await resizeDataset(tx, claim, fetched.sizeBytes, quota);
    await setSource(tx, claim.datasetId, source);
  });
}

/** Counts other bytes for a dataset, whose row is locked. Built-in datasets are nobody's. */
async function resizeDataset(
  tx: Transaction,
  claim: ClaimedImport,
  bytes: number,
  quota: Quota,
): Promise<void> {
  const { datasetId, tenant, source } = claim;
  const more = bytes - (await readStoredBytes(tx, datasetId));
  if (source.kind !== 'built_in' && more > 0) await takeBytes(tx, quota, tenant, more);
  await setStoredBytes(tx, datasetId, bytes);
}

interface Fetched {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Retries the import if that may help; otherwise the dataset fails. @returns false for a stale attempt */
export function recordImportFailure(
  db: Database,
  claim: ClaimedImport,
  { code, message, problems, problem_count }: ImportFailure,
): Promise<boolean> {
  const outages = claim.outages + 1;
  if (retryClassOf(code) === 'wait' && outages <= MAX_OUTAGES)
    return releaseImport(db, claim, { failures: claim.failures, outages, waitMs: outagePauseMs(outages) });
  const failures = claim.failures + 1;
  if (retryClassOf(code) !== 'fatal' && failures < MAX_IMPORT_ATTEMPTS) {
    return releaseImport(db, claim, { failures, outages: 0, waitMs: RETRY_BACKOFF_MS * 2 ** failures });
  }
  const said = problems.some(({ severity }) => severity === 'error');
  const known = isErrorCode(code) ? code : 'internal';
  const own = {
    code: known,
    severity: 'error' as const,
    message: `${ERRORS[known].title}: ${message}`,
    file: null,
  };
  const all = said ? problems : [own, ...problems];
  return endImport(db, claim, (tx) =>
    setFailed(tx, claim.datasetId, all, said ? problem_count : problem_count + 1),
  );
}

/** Ends a claim without counting a failure, as a stopping worker does. */
export function handBackImport(db: Database, claim: ClaimedImport): Promise<boolean> {
  return releaseImport(db, claim, { ...claim, waitMs: 0 });
}

async function endImport(
  db: Database,
  claim: ClaimedImport,
  change: (tx: Transaction) => Promise<void>,
): Promise<boolean> {
  return db.$transaction(async (tx) => {
    // The same lock order as in a deletion: first the dataset, then its import.
    await lockDatasetRow(tx, claim.datasetId);
    const current = await deleteImport(tx, claim);
    if (current) await change(tx);
    if (current && claim.source.kind !== 'built_in') await tell(tx, claim);
    return current;
  });
}

/** Built-in datasets are nobody's, so nobody hears of them. */
async function tell(tx: Transaction, { datasetId, tenant, name }: ClaimedImport): Promise<void> {
  const state = await readState(tx, datasetId);
  if (state !== 'ready' && state !== 'failed') return;
  await announce(tx, tenant, `dataset.${state}`, { dataset: { id: datasetId, name, state } });
}

/** One pixel in eight, as for the 32 pixels of CIFAR. Larger images are cropped during decoding. */
const PADDING_OF = 8;
const MAX_PADDED = 64;

/** Color images mostly show objects that may be mirrored; gray images mostly show characters that may not. */
function augmentationFor({ height, width, channels }: ImageShape) {
  const side = Math.min(height, width);
  const crop_padding = side <= MAX_PADDED ? Math.round(side / PADDING_OF) : 0;
  return { crop_padding, horizontal_flip: channels === 3 };
}
