import type { BlobUri, TaskOutput } from '../../contract/trainer-protocol.js';
import type { Queryable, Transaction } from './connection/database.js';

/** Keeps the states in which the training of a model's job ended, by name. */
export async function insertModelStates(
  tx: Transaction,
  modelId: string,
  states: ReadonlyMap<string, TaskOutput>,
): Promise<void> {
  const data = [...states].map(([name, { uri, size_bytes }]) => ({
    ...{ modelId, name, uri },
    sizeBytes: BigInt(size_bytes),
  }));
  await tx.modelState.createMany({ data });
}

/** The states by name; empty where the service deleted them, or kept none. */
export async function findModelStates(
  db: Queryable,
  modelId: string,
): Promise<ReadonlyMap<string, TaskOutput & { readonly uri: BlobUri }>> {
  const rows = await db.modelState.findMany({ where: { modelId } });
  return new Map(
    rows.map(({ name, uri, sizeBytes }) => [name, { uri, size_bytes: Number(sizeBytes) }] as const),
  );
}
