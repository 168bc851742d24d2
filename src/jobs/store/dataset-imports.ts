import type { ImportOptions, ImportProgress } from '../../contract/importer-protocol.js';
import { COLUMNS, type ImportPhase, type ImportSource } from './columns.js';
import { int, type RowOf, text } from './connection/column.js';
import { type Database, type Queryable, type Transaction, toJson } from './connection/database.js';
import { notify } from './connection/notify.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import { type Fence, giveBack, isCurrent, TAKEABLE, taken, updateHeld } from './leases.js';
import { type SharedPlace, takeInTurn } from './turns.js';

export type { ImportPhase, ImportSource } from './columns.js';

const CLAIMED_IMPORT = {
  id: text,
  attempt: int,
  datasetId: text,
  /** The tenant that requested it. */
  tenant: text,
  name: text,
  phase: COLUMNS.datasetImport.phase,
  source: COLUMNS.datasetImport.source,
  options: COLUMNS.datasetImport.options,
  failures: int,
  /** Number of attempts that were lost with their worker. */
  losses: int,
  /** Outages of its host in a row. */
  outages: int,
};
export type ClaimedImport = RowOf<typeof CLAIMED_IMPORT>;
const claimed = statement('claim-import', CLAIMED_IMPORT);

export interface NewImport {
  readonly id: string;
  readonly datasetId: string;
  readonly tenant: string;
  readonly source: ImportSource;
  readonly options: ImportOptions;
}

export async function insertImport(tx: Transaction, { source, options, ...row }: NewImport): Promise<void> {
  const phase: ImportPhase = source.kind === 'file' ? 'import' : 'fetch';
  await tx.datasetImport.create({
    data: { ...row, phase, source: toJson(source), options: toJson(options) },
  });
  notify(tx, 'strata_import');
}

/** A tenant's share of the places for fetching, over all workers: most of the time a fetch waits for the other end. */
const FETCHES_PER_TENANT = 4;
const UNLIMITED = 2 ** 31 - 1;

const PLACES: Record<ImportPhase, SharedPlace> = {
  fetch: placeOf('fetch', FETCHES_PER_TENANT),
  import: placeOf('import', UNLIMITED),
};

function placeOf(name: ImportPhase, tenantMax: number): SharedPlace {
  const open = Prisma.sql`phase = ${name}`;
  return { name, table: 'dataset_import', open, lane: ['tenant'], tenantMax, laneMax: UNLIMITED };
}

/** Takes the import whose turn it is in this phase, under a new fence; null where there is none. */
export function claimImport(
  db: Database,
  workerId: string,
  phase: ImportPhase,
  leaseMs: number,
): Promise<ClaimedImport | null> {
  return takeInTurn(db, PLACES[phase], (id) => {
    return claimed.first(
      db,
      Prisma.sql`
      UPDATE dataset_import SET ${taken(leaseMs)}, worker_id = ${workerId}, started_at = now(), progress = NULL
      FROM dataset
      WHERE dataset.id = dataset_id AND dataset_import.id = ${id} AND phase = ${phase} AND ${TAKEABLE}
      RETURNING dataset_import.id, attempt, dataset_id AS "datasetId", dataset_import.tenant, dataset.name, phase,
        dataset_import.source, options, failures, losses, outages`,
    );
  });
}

/** Writes nothing for a stale attempt. */
export async function reportImport(db: Queryable, fence: Fence, progress: ImportProgress): Promise<void> {
  await updateHeld(db, 'dataset_import', fence, Prisma.sql`progress = ${JSON.stringify(progress)}::jsonb`);
}

/** Gives a claim back for another attempt. @returns false for a stale attempt */
export function releaseImport(
  db: Queryable,
  fence: Fence,
  { failures, outages, waitMs }: Pick<ClaimedImport, 'failures' | 'outages'> & { readonly waitMs: number },
): Promise<boolean> {
  return giveBack(
    db,
    'dataset_import',
    fence,
    waitMs,
    Prisma.sql`progress = NULL, failures = ${failures}, outages = ${outages}`,
  );
}

/** Moves an import on to another phase, where it waits for its turn again. @returns false for a stale attempt */
export async function moveImport(db: Database, fence: Fence, phase: ImportPhase): Promise<boolean> {
  return db.$transaction(async (tx) => {
    const changes = Prisma.sql`progress = NULL, phase = ${phase}`;
    const current = await giveBack(tx, 'dataset_import', fence, 0, changes);
    if (current) notify(tx, 'strata_import');
    return current;
  });
}

/** Deletes a finished import. @returns false for a stale attempt, which changes nothing */
export async function deleteImport(tx: Transaction, fence: Fence): Promise<boolean> {
  return (await tx.$executeRaw`DELETE FROM dataset_import WHERE ${isCurrent(fence)}`) === 1;
}

/** The ids of unfinished imports among `ids`. */
export async function openImports(db: Queryable, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db.datasetImport.findMany({ where: { id: { in: [...ids] } }, select: { id: true } });
  return new Set(rows.map(({ id }) => id));
}

export function progressOfImport(row: { readonly progress: ImportProgress | null }): ImportProgress {
  return row.progress ?? { share: 0, images: 0 };
}
