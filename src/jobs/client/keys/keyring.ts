import type { Principal, Scope } from '../../../contract/access.js';
import { StrataError } from '../../../contract/errors.js';
import { anyApiKey, findAnyApiKey } from '../../store/api-keys.js';
import { type Database, fromJson } from '../../store/connection/database.js';
import type { ApiKey } from '../../store/rows.js';
import { hasHash, parseToken } from './token.js';

/** A revoked key is refused after this time at the latest, by every process. */
export const KEY_CACHE_MS = 500;
/** More than a server has keys in use; beyond it, everything is looked up again. */
const MAX_CACHED = 10_000;

export interface Keyring {
  /** Whose key this is, or null for none of ours. @throws StrataError unavailable */
  authenticate(token: string): Promise<Principal | null>;
  /** Whether no key was ever made. @throws StrataError unavailable */
  isOpen(): Promise<boolean>;
}

/** Knows keys by their rows, read anew every half second at most. @param nowMs a clock that never goes back */
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
      // There is no way back: a key that was made stays in its table.
      locked ||= !(await open('any'));
      return !locked;
    },
  };
}

function principalOf({ id, tenant, scopes }: ApiKey): Principal {
  return { keyId: id, tenant, scopes: fromJson<Scope[]>(scopes) };
}

/** `read` by key, its answers kept for a moment, but for null: whoever guesses ids must not fill the memory. */
function remember<T>(read: (key: string) => Promise<T | null>, nowMs: () => number) {
  const kept = new Map<string, { value: T; until: number }>();
  return async (key: string): Promise<T | null> => {
    const found = kept.get(key);
    const now = nowMs();
    if (found && now < found.until) return found.value;
    const value = await read(key).catch((cause: unknown) => {
      throw new StrataError('unavailable', 'Postgres does not answer.', { cause });
    });
    if (kept.size >= MAX_CACHED) kept.clear();
    if (value === null) kept.delete(key);
    else kept.set(key, { value, until: now + KEY_CACHE_MS });
    return value;
  };
}
