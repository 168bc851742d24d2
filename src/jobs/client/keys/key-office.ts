import type { components } from '../../../contract/generated/openapi.js';
import { findApiKeys, revokeApiKey } from '../../store/api-keys.js';
import { openDatabase } from '../../store/connection/database.js';
import { toApiKey } from '../views/access.js';
import { type KeyRequest, makeKey } from './manage.js';

type ApiKey = components['schemas']['ApiKey'];

/**
 * Manages keys of any tenant, for operators with access to the database: the first key, and replacements of lost
 * keys.
 */
export interface KeyOffice {
  /** @returns the text of the key, shown once. @throws StrataError limit_reached */
  create(request: KeyRequest): Promise<string>;
  list(tenant: string): Promise<ApiKey[]>;
  /** @returns false if the tenant has no such key */
  revoke(tenant: string, id: string): Promise<boolean>;
  close(): Promise<void>;
}

/** The database must be migrated. */
export async function openKeyOffice(databaseUrl: string): Promise<KeyOffice> {
  const db = await openDatabase(databaseUrl);
  return {
    create: async (request) => (await makeKey(db, request)).token,
    list: async (tenant) => (await findApiKeys(db, tenant)).map(toApiKey),
    revoke: (tenant, id) => revokeApiKey(db, tenant, id),
    close: () => db.$disconnect(),
  };
}
