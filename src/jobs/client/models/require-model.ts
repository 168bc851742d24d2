import { readAlias } from '../../store/aliases.js';
import type { Queryable } from '../../store/connection/database.js';
import { findModel, type ModelRow } from '../../store/models.js';
import { notFound } from '../require-job.js';

/** A model by its id, or the one that has an alias now. @param named an id, or `name@alias`. @throws StrataError not_found */
export async function requireModel(db: Queryable, tenant: string, named: string): Promise<ModelRow> {
  const at = named.lastIndexOf('@');
  const id = at < 0 ? named : await holderOf(db, tenant, named.slice(0, at), named.slice(at + 1));
  return (id === null ? null : await findModel(db, tenant, id)) ?? notFound(named);
}

async function holderOf(
  db: Queryable,
  tenant: string,
  modelName: string,
  alias: string,
): Promise<string | null> {
  return (await readAlias(db, { tenant, modelName, alias })).modelId;
}
