import type { Requirement } from '../../planning/promotions.js';
import { int, orNull, type RowOf, text, time } from './connection/column.js';
import { type Queryable, type Transaction, toJson } from './connection/database.js';
import { wholeNumber } from './connection/literal.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import type { AliasRuleRow } from './rows.js';

/** An alias of the models of a name. The same rows are the tags of models. */
export interface AliasKey {
  readonly tenant: string;
  readonly modelName: string;
  readonly alias: string;
}

const ALIAS_STATE = { modelId: orNull(text), version: orNull(int), etag: orNull(text) };
export type AliasState = RowOf<typeof ALIAS_STATE>;
const state = statement('alias-state', ALIAS_STATE);

/** The holder of an alias and its last change, which is its etag: null for an alias that no model ever had. */
export function readAlias(db: Queryable, { tenant, modelName, alias }: AliasKey): Promise<AliasState> {
  return state.only(
    db,
    Prisma.sql`
    SELECT (SELECT model_id FROM model_tag
        WHERE tenant = ${tenant} AND model_name = ${modelName} AND tag = ${alias}) AS "modelId",
      (SELECT version FROM model_tag JOIN model_version ON model_version.model_id = model_tag.model_id
        WHERE model_tag.tenant = ${tenant} AND model_tag.model_name = ${modelName} AND tag = ${alias}) AS version,
      (SELECT max(id) FROM tag_change
        WHERE tenant = ${tenant} AND model_name = ${modelName} AND tag = ${alias}) AS etag`,
  );
}

/** The same lock as that of tags: changes of one alias run one after another. */
export async function lockAlias(tx: Transaction, { tenant, modelName, alias }: AliasKey): Promise<void> {
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock(hashtextextended(${JSON.stringify([tenant, modelName, alias])}, 0))`;
}

/** Names of the aliases that the models of a name have, or that have a rule. */
export async function findAliases(db: Queryable, tenant: string, modelName: string): Promise<string[]> {
  const [tags, rules] = await Promise.all([
    db.modelTag.findMany({ where: { tenant, modelName } }),
    db.aliasRule.findMany({ where: { tenant, modelName } }),
  ]);
  return [...new Set([...tags.map(({ tag }) => tag), ...rules.map(({ alias }) => alias)])].sort();
}

/** Rows of other tables have these fields too. */
const keyOf = ({ tenant, modelName, alias }: AliasKey) => ({
  tenant_modelName_alias: { tenant, modelName, alias },
});

export function findRule(db: Queryable, key: AliasKey): Promise<AliasRuleRow | null> {
  return db.aliasRule.findUnique({ where: keyOf(key) });
}

export interface NewRule {
  readonly requires: readonly Requirement[];
  readonly approvals: number;
  readonly notByAuthor: boolean;
}

export async function putRule(tx: Transaction, key: AliasKey, rule: NewRule): Promise<void> {
  const columns = { ...rule, requires: toJson(rule.requires) };
  const where = keyOf(key);
  const create = { ...where.tenant_modelName_alias, ...columns };
  await tx.aliasRule.upsert({ where, update: columns, create });
}

export async function deleteRule(tx: Transaction, { tenant, modelName, alias }: AliasKey): Promise<boolean> {
  return (await tx.aliasRule.deleteMany({ where: { tenant, modelName, alias } })).count > 0;
}

const REGISTERED = { name: text, version: int, modelId: orNull(text), createdAt: time };
export type RegisteredNameRow = RowOf<typeof REGISTERED>;
const registered = statement('registered-names', REGISTERED);

/** The names after `after`, in order, each with its latest version. */
export function findNames(
  db: Queryable,
  tenant: string,
  after: string | null,
  limit: number,
): Promise<RegisteredNameRow[]> {
  return registered.rows(
    db,
    Prisma.sql`
    WITH RECURSIVE found AS (
      -- One step through the index for each name, however many versions it has.
      (SELECT model_name AS name, 1 AS place FROM model_version
        WHERE tenant = ${tenant} AND model_name > ${after ?? ''} ORDER BY model_name LIMIT 1)
      UNION ALL
      SELECT following.name, place + 1 FROM found CROSS JOIN LATERAL (
        SELECT model_name AS name FROM model_version
        WHERE tenant = ${tenant} AND model_name > found.name ORDER BY model_name LIMIT 1
      ) AS following WHERE place < ${wholeNumber(limit)}
    )
    SELECT found.name, version, model_id AS "modelId", created_at AS "createdAt" FROM found CROSS JOIN LATERAL (
      SELECT version, model_id, created_at FROM model_version
      WHERE tenant = ${tenant} AND model_name = found.name ORDER BY version DESC LIMIT 1
    ) AS latest ORDER BY place`,
  );
}

const HELD_ALIAS = { name: text, alias: text, version: int };
const heldAliases = statement('held-aliases', HELD_ALIAS);

/** The aliases that models of these names have. */
export function findHeldAliases(
  db: Queryable,
  tenant: string,
  names: readonly string[],
): Promise<RowOf<typeof HELD_ALIAS>[]> {
  return heldAliases.rows(
    db,
    Prisma.sql`
    SELECT model_name AS name, tag AS alias,
      (SELECT version FROM model_version WHERE model_version.model_id = model_tag.model_id) AS version
    FROM model_tag WHERE tenant = ${tenant} AND model_name = ANY (${names}) ORDER BY tag`,
  );
}

/** The versions of a name, the newest first. The model of one may be deleted. */
export function findVersions(db: Queryable, tenant: string, modelName: string, limit: number) {
  return db.modelVersion.findMany({
    where: { tenant, modelName },
    orderBy: { version: 'desc' },
    take: limit,
  });
}

export function findVersion(db: Queryable, tenant: string, modelName: string, version: number) {
  return db.modelVersion.findUnique({
    where: { tenant_modelName_version: { tenant, modelName, version } },
  });
}

/** The newest evaluation of a model that answers a requirement, without augmentation. */
export function findEvidence(db: Queryable, tenant: string, modelId: string, requirement: Requirement) {
  const { dataset, split, variant } = requirement;
  return db.evaluation.findFirst({
    where: {
      ...{ tenant, modelId, split, variant, tta: 'none', state: 'succeeded' },
      OR: [{ datasetId: dataset }, { datasetName: dataset }],
    },
    orderBy: { id: 'desc' },
  });
}
