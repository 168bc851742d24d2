/** Callers and their permissions. */

/** Owner of everything that is created without a key, and of keys that name no tenant. */
export const DEFAULT_TENANT = 'default';

/** Permissions of a key. No scope includes another. */
export const SCOPES = [
  'jobs:read',
  'jobs:write',
  'datasets:write',
  'models:read',
  'models:write',
  'admin',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Permission of operations that every valid key may use. */
export const ANY_KEY = 'any';

/** An authenticated caller. */
export interface Principal {
  readonly tenant: string;
  readonly scopes: readonly Scope[];
  /** Null for callers of a server without keys. */
  readonly keyId: string | null;
}

/** Valid names of tenants. */
export const TENANT_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;
