import type { BlobUri } from '../../contract/blob-uri.js';
import type { ImportOptions, ImportProgress } from '../../contract/importer-protocol.js';
import { type Database, fromJson, type Queryable, type Transaction, toJson } from './connection/database.js';
import { notify } from './connection/notify.js';
import { Prisma } from './generated/client.js';

/** Where the bytes of an upload are. */
export type ImportSource =
  | { readonly kind: 'file'; readonly uri: BlobUri }
  /** To be fetched; `sha256` is what it must have, where that was said. */
  | { readonly kind: 'url'; readonly url: string; readonly sha256: string | null }
  /** Of the built-in dataset of this name, from this machine or its official address. */
  | { readonly kind: 'built_in'; readonly name: string };

/** One claim of one import, as `Fence` is of a task. */
export interface ImportFence {
  readonly importId: string;
  readonly attempt: number;
}

export interface ClaimedImport extends ImportFence {
  readonly datasetId: string;
  readonly name: string;
  readonly source: ImportSource;
  readonly options: ImportOptions;
  readonly failures: number;
  /** Attempts lost with their worker. */
  readonly losses: number;
}

export interface NewImport {
  readonly id: string;
  readonly datasetId: string;
  readonly source: ImportSource;
  readonly options: ImportOptions;
}

export async function insertImport(tx: Transaction, { source, options, ...ids }: NewImport): Promise<void> {
  await tx.datasetImport.create({ data: { ...ids, source: toJson(source), options: toJson(options) } });
  await notify(tx, 'strata_import');
}

/** Takes the import that has waited longest, or whose worker is lost, under a new fence; null where there is none. */
export async function claimImport(
  db: Database,
  workerId: string,
  leaseMs: number,
): Promise<ClaimedImport | null> {
  const rows = await db.$queryRaw<ClaimedImport[]>`
    UPDATE dataset_import SET attempt = attempt + 1, worker_id = ${workerId}, started_at = now(), progress = NULL,
      losses = losses + CASE WHEN lease_until IS NULL THEN 0 ELSE 1 END,
      lease_until = now() + ${leaseMs} * interval '1 millisecond'
    FROM dataset
    WHERE dataset.id = dataset_id AND dataset_import.id = (
      SELECT id FROM dataset_import
      WHERE CASE WHEN lease_until IS NULL THEN due_at <= now() ELSE lease_until < now() END
      ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING dataset_import.id AS "importId", attempt, dataset_id AS "datasetId", dataset.name,
      dataset_import.source, options, failures, losses`;
  return rows[0] ?? null;
}

/** @returns the claims that are still ours */
export async function renewImports(
  db: Queryable,
  fences: readonly ImportFence[],
  leaseMs: number,
): Promise<ImportFence[]> {
  if (fences.length === 0) return [];
  const claims = Prisma.join(
    fences.map(({ importId, attempt }) => Prisma.sql`(${importId}, ${attempt}::int)`),
  );
  return db.$queryRaw`
    UPDATE dataset_import SET lease_until = now() + ${leaseMs} * interval '1 millisecond'
    WHERE lease_until IS NOT NULL AND (id, attempt) IN (${claims})
    RETURNING id AS "importId", attempt`;
}

const claimed = ({ importId, attempt }: ImportFence) => ({
  id: importId,
  attempt,
  leaseUntil: { not: null },
});

/** Writes nothing for a stale attempt. */
export async function reportImport(
  db: Queryable,
  fence: ImportFence,
  progress: ImportProgress,
): Promise<void> {
  await db.datasetImport.updateMany({ where: claimed(fence), data: { progress: toJson(progress) } });
}

/** Gives a claim back. @returns false for a stale attempt */
export async function releaseImport(
  db: Queryable,
  fence: ImportFence,
  { failures, waitMs }: { readonly failures: number; readonly waitMs: number },
): Promise<boolean> {
  const count = await db.$executeRaw`
    UPDATE dataset_import SET lease_until = NULL, progress = NULL, failures = ${failures},
      due_at = now() + ${waitMs} * interval '1 millisecond'
    WHERE id = ${fence.importId} AND attempt = ${fence.attempt} AND lease_until IS NOT NULL`;
  return count === 1;
}

/** The import has ended. @returns false for a stale attempt, which changes nothing */
export async function deleteImport(tx: Transaction, fence: ImportFence): Promise<boolean> {
  return (await tx.datasetImport.deleteMany({ where: claimed(fence) })).count === 1;
}

/** Those of `ids` that are not ended. */
export async function openImports(db: Queryable, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db.datasetImport.findMany({ where: { id: { in: [...ids] } }, select: { id: true } });
  return new Set(rows.map(({ id }) => id));
}

export function progressOfImport(row: { readonly progress: Prisma.JsonValue }): ImportProgress {
  return fromJson<ImportProgress | null>(row.progress) ?? { share: 0, images: 0 };
}
