import { announce } from './announcements.js';
import { text } from './connection/column.js';
import type { Queryable, Transaction } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import { newId } from './ids.js';

export interface TaggedModel {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
}

/** Gives a tag to a model whose row is locked, removes it from the previous holder, and records both changes. */
export async function giveTag(
  tx: Transaction,
  { id, tenant, name }: TaggedModel,
  tag: string,
): Promise<void> {
  // Serializes concurrent requests for the same tag, even if no model has it yet.
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock(hashtextextended(${JSON.stringify([tenant, name, tag])}, 0))`;
  const where = { tenant_modelName_tag: { tenant, modelName: name, tag } };
  const previous = (await tx.modelTag.findUnique({ where }))?.modelId ?? null;
  if (previous === id) return;
  await tx.modelTag.upsert({
    where,
    update: { modelId: id },
    create: { tenant, modelName: name, tag, modelId: id },
  });
  await noteChange(tx, { tenant, modelName: name, tag, modelId: id, previousModelId: previous });
}

const takenTags = statement('take-tags', { modelName: text, tag: text });

/** Removes one tag, or all tags, from a model whose row is locked. @returns the removed tags */
export async function takeTags(
  tx: Transaction,
  { id, tenant }: TaggedModel,
  tag?: string,
): Promise<string[]> {
  // A tag that another transaction gives to another model at this moment is not deleted, because Postgres checks
  // the condition again.
  const named = tag === undefined ? Prisma.empty : Prisma.sql`AND tag = ${tag}`;
  const taken = await takenTags.rows(
    tx,
    Prisma.sql`
    DELETE FROM model_tag WHERE model_id = ${id} ${named} RETURNING model_name AS "modelName", tag`,
  );
  for (const { modelName, tag } of taken) {
    await noteChange(tx, { tenant, modelName, tag, modelId: null, previousModelId: id });
  }
  return taken.map(({ tag }) => tag);
}

export async function tagsOf(tx: Queryable, modelId: string): Promise<string[]> {
  const rows = await tx.modelTag.findMany({ where: { modelId }, select: { tag: true } });
  return rows.map(({ tag }) => tag);
}

interface Change {
  readonly tenant: string;
  readonly modelName: string;
  readonly tag: string;
  readonly modelId: string | null;
  readonly previousModelId: string | null;
}

async function noteChange(tx: Transaction, change: Change): Promise<void> {
  await tx.tagChange.create({ data: { id: newId('tagchange'), ...change } });
  const { tenant, modelName: name, tag: alias, modelId, previousModelId } = change;
  const told = { name, alias, model_id: modelId, previous_model_id: previousModelId };
  await announce(tx, tenant, 'model.alias.changed', { alias: told });
}

/** Tag changes of a model, newest first. */
export function findTagChanges(
  db: Queryable,
  tenant: string,
  modelId: string,
  after: string | null,
  limit: number,
) {
  return db.tagChange.findMany({
    where: {
      tenant,
      OR: [{ modelId }, { previousModelId: modelId }],
      ...(after !== null && { id: { lt: after } }),
    },
    orderBy: { id: 'desc' },
    take: limit,
  });
}
