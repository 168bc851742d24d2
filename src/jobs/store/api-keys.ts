import type { Scope } from '../../contract/access.js';
import { type Queryable, toJson } from './connection/database.js';

export interface NewApiKey {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly secretHash: string;
}

export function insertApiKey(db: Queryable, key: NewApiKey) {
  return db.apiKey.create({ data: { ...key, scopes: toJson(key.scopes) } });
}

/** Finds the key of any tenant, for authentication. The row names the tenant. */
export function findAnyApiKey(db: Queryable, id: string) {
  return db.apiKey.findUnique({ where: { id, revokedAt: null } });
}

export function findApiKey(db: Queryable, tenant: string, id: string) {
  return db.apiKey.findUnique({ where: { id, tenant, revokedAt: null } });
}

/** Keys that are not revoked, newest first. */
export function findApiKeys(db: Queryable, tenant: string) {
  return db.apiKey.findMany({ where: { tenant, revokedAt: null }, orderBy: { id: 'desc' } });
}

/** Number of keys that are not revoked. */
export function countApiKeys(db: Queryable, tenant: string): Promise<number> {
  return db.apiKey.count({ where: { tenant, revokedAt: null } });
}

/** Whether a key was ever created, for any tenant, including revoked ones. */
export async function anyApiKey(db: Queryable): Promise<boolean> {
  return (await db.apiKey.findFirst({ select: { id: true } })) !== null;
}

/** @returns false if the tenant has no such key */
export async function revokeApiKey(db: Queryable, tenant: string, id: string): Promise<boolean> {
  const revoked = await db.$executeRaw`
    UPDATE api_key SET revoked_at = now() WHERE id = ${id} AND tenant = ${tenant} AND revoked_at IS NULL`;
  return revoked > 0;
}
