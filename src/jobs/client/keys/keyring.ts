import type { Principal } from '../../../contract/access.js';
import { StrataError } from '../../../contract/errors.js';
import { memoize } from '../../../contract/memoize.js';
import { anyApiKey, findAnyApiKey } from '../../store/api-keys.js';
import type { Database } from '../../store/connection/database.js';
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
  const age = { ms: KEY_CACHE_MS, now: nowMs };
  // Unknown ids are not kept, so that guessed ids cannot fill the memory.
  const keeps = (row: ApiKey | null) => row !== null;
  const rows = memoize((id: string) => answered(findAnyApiKey(db, id)), { max: MAX_CACHED, age, keeps });
  const keys = memoize(() => answered(anyApiKey(db)), { max: 1, age });
  let locked = false;
  return {
    async authenticate(text) {
      const token = parseToken(text);
      const row = token && (await rows(token.keyId));
      return row && hasHash(token.secret, row.secretHash) ? principalOf(row) : null;
    },
    async isOpen() {
      // Once true, it stays true: rows of keys are never deleted.
      locked ||= await keys();
      return !locked;
    },
  };
}

function principalOf({ id, tenant, scopes }: ApiKey): Principal {
  return { keyId: id, tenant, scopes: scopes };
}

/** @throws StrataError unavailable */
const answered = <T>(read: Promise<T>): Promise<T> =>
  read.catch((cause: unknown) => {
    throw new StrataError('unavailable', 'Postgres does not respond.', { cause });
  });
