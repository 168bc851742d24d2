import type { Principal, Scope } from '../../../contract/access.js';
import { StrataError } from '../../../contract/errors.js';
import { anyApiKey, findAnyApiKey } from '../../store/api-keys.js';
import { type Database, fromJson } from '../../store/connection/database.js';
import type { ApiKey } from '../../store/rows.js';
import { hasHash, parseToken } from './token.js';

/** Every process rejects a revoked key after this time at the latest. */
export const KEY_CACHE_MS = 500;
/** Maximum number of cached keys. Beyond it, the cache is cleared. */
const MAX_CACHED = 10_000;

export interface Keyring {
  /** The principal of this key; null for an unknown or revoked key. @throws StrataError unavailable */
  authenticate(token: string): Promise<Principal | null>;
  /** Whether no key was ever created. @throws StrataError unavailable */
  isOpen(): Promise<boolean>;
}

/** Looks up keys in the database, at most every half second per key. @param nowMs a monotonic clock */
export function openKeyring(db: Database, nowMs: () => number): Keyring {
  const rows = remember((id) => findAnyApiKey(db, id), nowMs);
  const open = remember(async () => !(await anyApiKey(db)), nowMs);
  let locked = false;
  return {
    async authenticate(text) {
      const token = parseToken(text);
      const row = token && (await rows(token.keyId));
      return row && hasHash(token.secret, row.secretHash) ? principalOf(row) : null;
    },
    async isOpen() {
      // Once true, it stays true: rows of keys are never deleted.
      locked ||= !(await open('any'));
      return !locked;
    },
  };
}

function principalOf({ id, tenant, scopes }: ApiKey): Principal {
  return { keyId: id, tenant, scopes: fromJson<Scope[]>(scopes) };
}

/** Caches the results of `read` for a moment, except null: guessed ids must not fill the memory. */
function remember<T>(read: (key: string) => Promise<T | null>, nowMs: () => number) {
  const kept = new Map<string, { value: T; until: number }>();
  return async (key: string): Promise<T | null> => {
    const found = kept.get(key);
    const now = nowMs();
    if (found && now < found.until) return found.value;
    const value = await read(key).catch((cause: unknown) => {
      throw new StrataError('unavailable', 'Postgres does not respond.', { cause });
    });
    if (kept.size >= MAX_CACHED) kept.clear();
    if (value === null) kept.delete(key);
    else kept.set(key, { value, until: now + KEY_CACHE_MS });
    return value;
  };
}
