import type { ApiKeysClient } from '../../../src/contract/client/api-keys.js';
import { StrataError } from '../../../src/contract/errors.js';
import { apiKeyOf, complete } from '../fixtures.js';

export class FakeApiKeys implements ApiKeysClient {
  readonly rows = new Map<string, ReturnType<typeof apiKeyOf>>();

  async createApiKey({ name, scopes }: Parameters<ApiKeysClient['createApiKey']>[0]) {
    const key = apiKeyOf(`key_${this.rows.size + 1}`, name, scopes);
    this.rows.set(key.id, key);
    return { ...key, key: `strata_${key.id}_secret` };
  }

  async listApiKeys() {
    return complete([...this.rows.values()]);
  }

  async getApiKey(id: string) {
    return this.rows.get(id) ?? null;
  }

  async revokeApiKey(id: string) {
    if (!this.rows.delete(id)) throw new StrataError('not_found', `There is no API key ${id}.`);
  }
}
