import type { BlobUri } from '../../contract/trainer-protocol.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { BlobMissingError } from '../../storage/errors.js';
import type { Reference } from '../store/references.js';

export interface GarbageQuestions {
  /** Time limit: no attempt whose result may still be recorded has stored a blob before it. */
  horizon(): Promise<Date>;
  /** All blobs that rows refer to now. */
  references(): Promise<readonly Reference[]>;
}

/**
 * Deletes unreferenced blobs (docs/adr/0009). The order makes it safe: first the horizon, then the candidates, then
 * the references. A blob that an attempt stores in the meantime is touched, so it is not a candidate, or the last
 * check keeps it. A blob that was recorded before is among the references.
 * @returns the number of deleted blobs
 */
export async function collectGarbage(blobs: BlobStore, ask: GarbageQuestions): Promise<number> {
  const horizon = await ask.horizon();
  await blobs.deleteDrafts(horizon);
  const candidates = await blobs.blobsUntouchedSince(horizon);
  if (candidates.length === 0) return 0;
  const kept = await keptBlobs(blobs, await ask.references());
  let deleted = 0;
  for (const uri of candidates) {
    if (!kept.has(uri) && (await blobs.deleteUntouched(uri, horizon))) deleted++;
  }
  return deleted;
}

async function keptBlobs(blobs: BlobStore, references: readonly Reference[]): Promise<Set<BlobUri>> {
  const kept = new Set<BlobUri>();
  for (const { uri, isManifest } of references) {
    kept.add(uri);
    if (isManifest) for (const part of await partsOf(blobs, uri)) kept.add(part);
  }
  return kept;
}

/** The blobs that a manifest refers to. */
async function partsOf(blobs: BlobStore, uri: BlobUri): Promise<BlobUri[]> {
  try {
    const text = new TextDecoder().decode(await blobs.get(uri));
    return [...text.matchAll(/sha256:[0-9a-f]{64}/g)].map(([part]) => part as BlobUri);
  } catch (error) {
    // A missing manifest refers to nothing. Any other error ends the collection before it deletes anything.
    if (error instanceof BlobMissingError) return [];
    throw error;
  }
}
