import { StrataError } from '../../contract/errors.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { recordStoreId } from '../store/blob-store.js';
import type { Queryable } from '../store/connection/database.js';

/**
 * Every process compares the id of its blob store with that in Postgres when it starts. A process with another store would
 * fail every task that reads what others wrote. The first process of a new database records the id of its own.
 * @throws StrataError blob_store_mismatch
 */
export async function requireSameStore(db: Queryable, blobs: BlobStore): Promise<void> {
  const found = await blobs.id();
  const expected = await recordStoreId(db, found);
  if (found === expected) return;
  throw new StrataError(
    'blob_store_mismatch',
    `BLOB_URL names the blob store ${found}, but the other processes of this database use the store ${expected}. Set BLOB_URL to the same folder or bucket in every process. If this is the same store, restored or moved without its file \`store-id\`, write ${expected} into that file.`,
  );
}
