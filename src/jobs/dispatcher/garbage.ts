import type { BlobUri } from '../../contract/trainer-protocol.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { BlobMissingError } from '../../storage/errors.js';
import type { Reference, UnlistedManifest } from '../store/references.js';

export interface GarbageQuestions {
  /** Time limit: no attempt whose result may still be recorded has stored a blob before it. */
  horizon(): Promise<Date>;
  /** Blobs of unfinished jobs: their number does not grow with the jobs that have ended. */
  held(): Promise<readonly Reference[]>;
  /** A page of the manifests that are new since the last collection. @param after id of the last dataset of the previous page */
  unlisted(after: string, limit: number): Promise<readonly UnlistedManifest[]>;
  /** Stores the blobs that such a manifest names, so that `among` finds them from now on. */
  list(manifest: UnlistedManifest, parts: readonly BlobUri[]): Promise<void>;
  /** Selects the blobs that any other row refers to. */
  among(uris: readonly BlobUri[]): Promise<readonly BlobUri[]>;
}

/** Maximum number of blobs in a question, and of manifests in an answer. */
const ASKED_AT_ONCE = 1_000;

/**
 * Deletes blobs that nothing refers to (docs/adr/0009), one prefix of the hash after another, so that memory does not
 * grow with the jobs that have ended. Every question comes after the horizon, and that is what makes it safe: a blob
 * that an attempt puts meanwhile is touched, so it is no candidate, or is left at the last look; one that an attempt
 * recorded before the horizon is among the references.
 * @returns how many it deleted
 */
export async function collectGarbage(blobs: BlobStore, ask: GarbageQuestions): Promise<number> {
  const horizon = await ask.horizon();
  await blobs.deleteDrafts(horizon);
  let held: ReadonlySet<BlobUri> | undefined;
  let deleted = 0;
  for await (const candidates of blobs.blobsUntouchedSince(horizon)) {
    held ??= new Set([...(await newManifests(blobs, ask)), ...(await heldBlobs(blobs, await ask.held()))]);
    for (const uri of await unreferenced(candidates, held, ask)) {
      if (await blobs.deleteUntouched(uri, horizon)) deleted++;
    }
  }
  return deleted;
}

async function unreferenced(
  candidates: readonly BlobUri[],
  held: ReadonlySet<BlobUri>,
  ask: GarbageQuestions,
): Promise<BlobUri[]> {
  const rest = candidates.filter((uri) => !held.has(uri));
  const referred = new Set<BlobUri>();
  for (let start = 0; start < rest.length; start += ASKED_AT_ONCE) {
    for (const uri of await ask.among(rest.slice(start, start + ASKED_AT_ONCE))) referred.add(uri);
  }
  return rest.filter((uri) => !referred.has(uri));
}

/** The blobs of manifests that `among` does not know yet; it knows them afterwards. */
async function newManifests(blobs: BlobStore, ask: GarbageQuestions): Promise<Set<BlobUri>> {
  const found = new Set<BlobUri>();
  let after: string | undefined = '';
  while (after !== undefined) {
    const page: readonly UnlistedManifest[] = await ask.unlisted(after, ASKED_AT_ONCE);
    for (const manifest of page) {
      found.add(manifest.uri);
      const parts = await partsOf(blobs, manifest.uri);
      // A missing manifest may be there again in the next collection.
      if (parts !== null) await ask.list(manifest, parts);
      for (const part of parts ?? []) found.add(part);
    }
    after = page.at(-1)?.datasetId;
  }
  return found;
}

async function heldBlobs(blobs: BlobStore, references: readonly Reference[]): Promise<Set<BlobUri>> {
  const held = new Set<BlobUri>();
  for (const { uri, isManifest } of references) {
    held.add(uri);
    if (isManifest) for (const part of (await partsOf(blobs, uri)) ?? []) held.add(part);
  }
  return held;
}

/** The blobs that a manifest refers to; null if it is missing. Any other failure ends the collection before it deletes. */
async function partsOf(blobs: BlobStore, uri: BlobUri): Promise<BlobUri[] | null> {
  try {
    const text = new TextDecoder().decode(await blobs.get(uri));
    return [...text.matchAll(/(?<=sha256:)[0-9a-f]{64}/g)].map(([hash]): BlobUri => `sha256:${hash}`);
  } catch (error) {
    if (error instanceof BlobMissingError) return null;
    throw error;
  }
}
