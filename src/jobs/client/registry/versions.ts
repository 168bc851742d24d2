import { StrataError } from '../../../contract/errors.js';
import { findVersion, findVersions } from '../../store/aliases.js';
import type { Queryable, Transaction } from '../../store/connection/database.js';
import { lockModel } from '../../store/models.js';
import { notFound } from '../require-job.js';

/** @throws StrataError not_found for a name that no model ever had */
export async function requireName(db: Queryable, tenant: string, name: string): Promise<void> {
  if ((await findVersions(db, tenant, name, 1)).length === 0) notFound(`model named ${name}`);
}

/** The model of a version, whose row is locked: always before an alias. @throws StrataError not_found, version_gone */
export async function lockVersion(
  tx: Transaction,
  tenant: string,
  name: string,
  version: number,
): Promise<string> {
  const found = (await findVersion(tx, tenant, name, version)) ?? notFound(`version ${version} of ${name}`);
  const model = found.modelId === null ? null : await lockModel(tx, tenant, found.modelId);
  if (model === null || model.name !== name) throw new StrataError('version_gone');
  return model.id;
}
