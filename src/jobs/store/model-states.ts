import type { BlobUri, TaskOutput } from '../../contract/trainer-protocol.js';
import type { Queryable } from './connection/database.js';

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
