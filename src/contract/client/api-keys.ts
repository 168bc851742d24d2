import type { components } from '../generated/openapi.js';

type Schemas = components['schemas'];

/** One tenant's API keys. */
export interface ApiKeysClient {
  /** The text of the key is returned only here. @throws invalid_request, limit_reached */
  createApiKey(request: Schemas['ApiKeyRequest']): Promise<Schemas['CreatedApiKey']>;
  listApiKeys(): Promise<Schemas['ApiKeyList']>;
  getApiKey(id: string): Promise<Schemas['ApiKey'] | null>;
  /** @throws not_found */
  revokeApiKey(id: string): Promise<void>;
}
