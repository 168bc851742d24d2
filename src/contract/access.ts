/** Who asks, and what they may. */

/** The owner of everything that is made without a key, and of keys made without naming another. */
export const DEFAULT_TENANT = 'default';

/** A key may do what its scopes say and nothing else: none includes another. */
export const SCOPES = [
  'jobs:read',
  'jobs:write',
  'datasets:write',
  'models:read',
  'models:write',
  'admin',
] as const;
export type Scope = (typeof SCOPES)[number];

/** A caller, once known. */
export interface Principal {
  readonly tenant: string;
  readonly scopes: readonly Scope[];
  /** Null for a caller of a server without keys. */
  readonly keyId: string | null;
}

/** What a tenant may be called. */
export const TENANT_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;
