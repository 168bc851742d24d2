import type { Queryable } from './connection/database.js';

/** Records the id of the blob store, unless one is recorded already. @returns the recorded id */
export async function recordStoreId(db: Queryable, storeId: string): Promise<string> {
  await db.blobStore.createMany({ data: [{ storeId }], skipDuplicates: true });
  return (await db.blobStore.findUniqueOrThrow({ where: { id: 1 } })).storeId;
}
