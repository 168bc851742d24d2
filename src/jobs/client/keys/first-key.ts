import { DEFAULT_TENANT, SCOPES } from '../../../contract/access.js';
import { anyApiKey, insertApiKey } from '../../store/api-keys.js';
import type { Database } from '../../store/connection/database.js';
import { underLimit } from '../../store/limits.js';
import { hashSecret, parseToken } from './token.js';

/**
 * Creates the first API key with a text that the operator has chosen: a key of the tenant `default` with all scopes. Does
 * nothing if a key was ever created, so a revoked key stays revoked.
 * @throws Error that names the setting, if the text is not an API key
 */
export async function ensureFirstKey(db: Database, text: string): Promise<void> {
  const token = parseToken(text);
  // The message omits the value, because it may be a secret.
  if (token === null) throw new Error(BAD_KEY);
  await underLimit(db, 'api-key', DEFAULT_TENANT, async (tx) => {
    if (await anyApiKey(tx)) return;
    const secretHash = hashSecret(token.secret);
    await insertApiKey(tx, {
      id: token.keyId,
      tenant: DEFAULT_TENANT,
      name: 'bootstrap',
      scopes: SCOPES,
      secretHash,
    });
  });
}

const BAD_KEY =
  'STRATA_BOOTSTRAP_KEY must be an API key. Create one with:  echo strata_$(openssl rand -hex 12)_$(openssl rand -hex 32)';
