import type { ImageShape } from '../../contract/spec.js';
import type { TaskOutput } from '../../contract/trainer-protocol.js';
import { announce } from './announcements.js';
import type { StoredProvenance, TableRow } from './columns.js';
import { flag, int, text } from './connection/column.js';
import { type Queryable, type Transaction, toJson } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';

/** Data that is shown with a model, from other tables. */
const PARTS = {
  job: { select: { spec: true, result: true } },
  artifacts: { orderBy: { name: 'asc' } },
  tags: { select: { tag: true }, orderBy: { tag: 'asc' } },
  version: { select: { version: true } },
} as const satisfies Prisma.ModelInclude;

export type ModelRow = TableRow<'model'> & {
  readonly job: Pick<TableRow<'job'>, 'spec' | 'result'>;
  readonly artifacts: readonly TableRow<'artifact'>[];
  readonly tags: readonly { readonly tag: string }[];
  /** Made by a trigger, with the model. */
  readonly version: { readonly version: number } | null;
};

export interface NewModel {
  readonly id: string;
  readonly name: string;
  /** Shape of the images that the network sees. */
  readonly image: ImageShape;
  readonly accuracy: number;
  /** Blobs that serve predictions, by variant. */
  readonly serving: Readonly<Record<string, string>>;
  readonly strataVersion: string;
  readonly provenance: StoredProvenance;
  /** States in which the training ended, by name. */
  readonly states: ReadonlyMap<string, TaskOutput>;
}

export type JobWithDataset = TableRow<'job'> & { readonly dataset: TableRow<'dataset'> };

/** Creates the model of a successful job. The files of finalize become the files of the model. */
export async function insertModel(
  tx: Transaction,
  { id: jobId, dataset, ...job }: JobWithDataset,
  { states, ...model }: NewModel,
): Promise<void> {
  // Many, though it is one: `create` would read the row again.
  await tx.model.createMany({
    data: {
      ...model,
      jobId,
      tenant: job.tenant,
      metadata: toJson(job.metadata),
      datasetId: dataset.id,
      datasetName: dataset.name,
      datasetSha256: dataset.sha256,
      classes: toJson(dataset.classes),
      storage: dataset.storage,
      image: toJson(model.image),
      serving: toJson(model.serving),
      provenance: toJson(model.provenance),
    },
  });
  const { id, name, accuracy } = model;
  const numbered = await completeModel(tx, { id, jobId, tenant: job.tenant, states });
  if (numbered === null) throw new Error(`the model ${id} has no version`);
  if (!numbered.heard) return;
  const created = { id, name, version: numbered.version, job_id: jobId, test_accuracy: accuracy };
  await announce(tx, job.tenant, CREATED, { model: created });
}

const CREATED = 'model.version.created';
/** Whether a webhook wants to hear of it. */
const completed = statement('complete-model', { version: int, heard: flag });

interface Completion extends Pick<NewModel, 'id' | 'states'> {
  readonly jobId: string;
  readonly tenant: string;
}

/**
 * Adds the files and the states of a new model. One statement: jobs whose models have the same name wait for this
 * transaction.
 */
export function completeModel(
  tx: Queryable,
  { id: modelId, jobId, tenant, states }: Completion,
): Promise<{ readonly version: number; readonly heard: boolean } | null> {
  const rows = [...states].map(([name, { uri, size_bytes }]) => ({ name, uri, size_bytes }));
  return completed.first(
    tx,
    Prisma.sql`
    WITH files AS (
      UPDATE artifact SET model_id = ${modelId} WHERE job_id = ${jobId} AND kind <> 'report'
    ), kept AS (
      INSERT INTO model_state (model_id, name, uri, size_bytes)
      SELECT ${modelId}, name, uri, size_bytes
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS state (name text, uri text, size_bytes bigint)
    )
    SELECT version, EXISTS (
      SELECT 1 FROM webhook WHERE tenant = ${tenant} AND events @> to_jsonb(${CREATED}::text)
    ) AS heard
    FROM model_version WHERE model_id = ${modelId}`,
  );
}

export function findModel(db: Queryable, tenant: string, id: string): Promise<ModelRow | null> {
  return db.model.findUnique({ where: { id, tenant }, include: PARTS });
}

/** Ids of the models of these jobs, for jobs that have one. */
export async function modelIds(db: Queryable, jobIds: readonly string[]): Promise<Map<string, string>> {
  if (jobIds.length === 0) return new Map();
  const rows = await db.model.findMany({
    where: { jobId: { in: [...jobIds] } },
    select: { id: true, jobId: true },
  });
  return new Map(rows.map(({ id, jobId }) => [jobId, id]));
}

/**
 * Locks the row, so that changes of a model or its tags run one after another. Null for a model of another tenant.
 */
const locked = statement('lock-model', { id: text, name: text });

export function lockModel(
  tx: Transaction,
  tenant: string,
  id: string,
): Promise<{ readonly id: string; readonly name: string } | null> {
  return locked.first(
    tx,
    Prisma.sql`SELECT id, name FROM model WHERE id = ${id} AND tenant = ${tenant} FOR UPDATE`,
  );
}

export interface ModelChanges {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export async function changeModel(
  tx: Transaction,
  id: string,
  { name, description, metadata }: ModelChanges,
): Promise<void> {
  const given = { ...(name !== undefined && { name }), ...(description !== undefined && { description }) };
  await tx.model.update({
    where: { id },
    data: { ...given, ...(metadata && { metadata: toJson(metadata) }) },
  });
}

/** Deletes the model with its tags and files. */
export async function deleteModel(tx: Transaction, id: string): Promise<void> {
  await tx.model.delete({ where: { id } });
}

/** Sort value and id of the last model of the previous page. */
export type ModelPlace =
  | { readonly by: 'created_at'; readonly value: Date; readonly id: string }
  | { readonly by: 'accuracy'; readonly value: number; readonly id: string };

export interface ModelQuery {
  readonly tenant: string;
  readonly orderBy: ModelPlace['by'];
  readonly after: ModelPlace | null;
  readonly limit: number;
  readonly name: string | null;
  readonly dataset: string | null;
  readonly tag: string | null;
  readonly minAccuracy: number | null;
  readonly metadata: Readonly<Record<string, string>>;
}

const listed = statement('list-models', { id: text });

/** Newest or most accurate first. Ties are ordered by id, descending. */
export async function findModels(db: Queryable, query: ModelQuery): Promise<ModelRow[]> {
  const column = query.orderBy === 'accuracy' ? Prisma.sql`accuracy` : Prisma.sql`created_at`;
  const rowsFound = await listed.rows(
    db,
    Prisma.sql`
    SELECT id FROM model WHERE ${Prisma.join(conditions(query), ' AND ')}
    ORDER BY ${column} DESC, id DESC LIMIT ${query.limit}`,
  );
  const ids = rowsFound.map(({ id }) => id);
  const rows = await db.model.findMany({ where: { id: { in: ids } }, include: PARTS });
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

function conditions(query: ModelQuery): Prisma.Sql[] {
  const { tenant, after, name, dataset, tag, minAccuracy, metadata } = query;
  const sql = Prisma.sql;
  return [
    sql`tenant = ${tenant}`,
    ...(after ? [placedAfter(after)] : []),
    ...(name === null ? [] : [sql`name = ${name}`]),
    ...(dataset === null ? [] : [sql`(dataset_id = ${dataset} OR dataset_name = ${dataset})`]),
    ...(minAccuracy === null ? [] : [sql`accuracy >= ${minAccuracy}::float8`]),
    ...(tag === null
      ? []
      : [sql`EXISTS (SELECT FROM model_tag WHERE model_tag.model_id = model.id AND tag = ${tag})`]),
    ...(Object.keys(metadata).length === 0 ? [] : [sql`metadata @> ${JSON.stringify(metadata)}::jsonb`]),
  ];
}

function placedAfter({ by, value, id }: ModelPlace): Prisma.Sql {
  return by === 'accuracy'
    ? Prisma.sql`(accuracy, id) < (${value}::float8, ${id})`
    : Prisma.sql`(created_at, id) < (${value}::timestamptz, ${id})`;
}

/** Facts that a prediction needs about a model. `serving`: the blobs that serve its predictions, by variant. */
export type ServedModel = Pick<TableRow<'model'>, 'serving' | 'image' | 'storage' | 'classes'>;

export function findServing(db: Queryable, tenant: string, id: string): Promise<ServedModel | null> {
  return db.model.findUnique({
    where: { id, tenant },
    select: { serving: true, image: true, storage: true, classes: true },
  });
}
