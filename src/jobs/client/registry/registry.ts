import type { Alias, RegistryClient } from '../../../contract/client/registry.js';
import { StrataError } from '../../../contract/errors.js';
import {
  type AliasKey,
  deleteRule,
  findAliases,
  findHeldAliases,
  findNames,
  findRule,
  findVersions,
  lockAlias,
  putRule,
  readAlias,
} from '../../store/aliases.js';
import type { Database, Queryable } from '../../store/connection/database.js';
import { giveTag } from '../../store/model-tags.js';
import { cursorOfName, nameAfter } from '../cursor.js';
import { notFound } from '../require-job.js';
import { pageOf } from '../views/parts.js';
import { NEVER_SET, toAlias, toRegisteredName } from '../views/registry.js';
import { promotionMethods } from './promotions.js';
import { lockVersion, requireName } from './versions.js';

/** Versions that the answer about a name lists. */
const SHOWN_VERSIONS = 100;

export function registryMethods(db: Database, tenant: string): RegistryClient {
  const keyOf = (modelName: string, alias: string): AliasKey => ({ tenant, modelName, alias });
  return {
    ...promotionMethods(db, tenant),
    async listRegisteredModels({ after, limit }) {
      const rows = await findNames(db, tenant, nameAfter(after), limit + 1);
      const page = pageOf(rows, limit, ({ name }) => cursorOfName(name));
      const held = await findHeldAliases(
        db,
        tenant,
        page.data.map(({ name }) => name),
      );
      return { ...page, data: page.data.map((row) => toRegisteredName(row, held)) };
    },
    async getRegisteredModel(name) {
      const versions = await findVersions(db, tenant, name, SHOWN_VERSIONS);
      const [latest] = versions;
      if (latest === undefined) return notFound(`model named ${name}`);
      const aliases = await findAliases(db, tenant, name);
      return {
        object: 'registered_model',
        ...{ name, latest_version: latest.version },
        versions: versions.map(({ version, modelId, createdAt }) => ({
          ...{ version, model_id: modelId, created_at: createdAt.toISOString() },
        })),
        aliases: await Promise.all(aliases.map((alias) => aliasOf(db, keyOf(name, alias)))),
      };
    },
    async getAlias(name, alias) {
      await requireName(db, tenant, name);
      return aliasOf(db, keyOf(name, alias));
    },
    async setAlias(name, alias, version, etag) {
      const key = keyOf(name, alias);
      await db.$transaction(async (tx) => {
        const id = await lockVersion(tx, tenant, name, version);
        if (etag === null) throw needsEtag();
        await lockAlias(tx, key);
        if ((await findRule(tx, key)) !== null) throw new StrataError('alias_ruled');
        if (((await readAlias(tx, key)).etag ?? NEVER_SET) !== etag) throw new StrataError('alias_changed');
        await giveTag(tx, { id, tenant, name }, alias);
      });
      return aliasOf(db, key);
    },
    async setAliasRule(name, alias, { requires, approvals, not_by_author: notByAuthor }) {
      await requireName(db, tenant, name);
      const key = keyOf(name, alias);
      const demands = requires.map((each) => ({
        ...{
          split: 'test' as const,
          variant: 'full' as const,
          at_least: null,
          not_worse_than: null,
          tolerance: 0,
        },
        ...each,
      }));
      await db.$transaction(async (tx) => {
        await lockAlias(tx, key);
        await putRule(tx, key, { requires: demands, approvals, notByAuthor });
      });
      return aliasOf(db, key);
    },
    async deleteAliasRule(name, alias) {
      const isGone = await db.$transaction((tx) => deleteRule(tx, keyOf(name, alias)));
      if (!isGone) notFound(`rule of the alias ${alias} of ${name}`);
    },
  };
}

function needsEtag(): StrataError {
  const message = 'Send the `etag` of the alias as you read it, or `none` if no model ever had it.';
  return new StrataError('invalid_request', undefined, {
    errors: [{ in: 'header', pointer: '/if-match', message }],
  });
}

async function aliasOf(db: Queryable, key: AliasKey): Promise<Alias> {
  return toAlias(key, await readAlias(db, key), await findRule(db, key));
}
