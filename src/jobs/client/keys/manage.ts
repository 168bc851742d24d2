import type { Scope } from '../../../contract/access.js';
import { StrataError } from '../../../contract/errors.js';
import { countApiKeys, insertApiKey } from '../../store/api-keys.js';
import type { Database } from '../../store/connection/database.js';
import { newId } from '../../store/ids.js';
import { underLimit } from '../../store/limits.js';
import type { ApiKey } from '../../store/rows.js';
import { formatToken, hashSecret, newSecret } from './token.js';

export const MAX_KEYS_PER_TENANT = 100;

export interface KeyRequest {
  readonly tenant: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
}

/** Creates a key. Its text is returned and not stored. @throws StrataError limit_reached */
export async function makeKey(db: Database, request: KeyRequest): Promise<{ row: ApiKey; token: string }> {
  const secret = newSecret();
  const row = await underLimit(db, 'api-key', request.tenant, async (tx) => {
    if ((await countApiKeys(tx, request.tenant)) < MAX_KEYS_PER_TENANT) {
      return insertApiKey(tx, { ...request, id: newId('key'), secretHash: hashSecret(secret) });
    }
    throw new StrataError('limit_reached', `The limit is ${MAX_KEYS_PER_TENANT} API keys. Revoke one first.`);
  });
  return { row, token: formatToken({ keyId: row.id, secret }) };
}
