import type { ApiKeysClient } from '../../../contract/client/api-keys.js';
import { StrataError } from '../../../contract/errors.js';
import { anyApiKey, findApiKey, findApiKeys, revokeApiKey } from '../../store/api-keys.js';
import type { Database } from '../../store/connection/database.js';
import { notFound } from '../require-job.js';
import { toApiKey } from '../views/access.js';
import { listOf } from '../views/parts.js';
import { makeKey } from './manage.js';

export function apiKeyMethods(db: Database, tenant: string): ApiKeysClient {
  return {
    async createApiKey({ name, scopes }) {
      // Once a key exists, every request needs one. Without an admin key nobody could create the second key.
      if (!scopes.includes('admin') && !(await anyApiKey(db))) throw firstWithoutAdmin();
      const { row, token } = await makeKey(db, { tenant, name, scopes });
      return { ...toApiKey(row), key: token };
    },
    async listApiKeys() {
      return listOf((await findApiKeys(db, tenant)).map(toApiKey));
    },
    async getApiKey(id) {
      const row = await findApiKey(db, tenant, id);
      return row && toApiKey(row);
    },
    async revokeApiKey(id) {
      if (!(await revokeApiKey(db, tenant, id))) notFound(id);
    },
  };
}

function firstWithoutAdmin(): StrataError {
  const message = 'The first key needs the scope `admin`. Once it exists, every request needs a key.';
  return new StrataError('invalid_request', undefined, { errors: [{ pointer: '/scopes', message }] });
}
