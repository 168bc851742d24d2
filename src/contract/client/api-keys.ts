import type { components } from '../generated/openapi.js';

type Schemas = components['schemas'];

/** One tenant's API keys. */
export interface ApiKeysClient {
  /** The key's text is in the answer and nowhere else. @throws invalid_request, limit_reached */
  createApiKey(request: Schemas['ApiKeyRequest']): Promise<Schemas['CreatedApiKey']>;
  listApiKeys(): Promise<Schemas['ApiKeyList']>;
  getApiKey(id: string): Promise<Schemas['ApiKey'] | null>;
  /** @throws not_found */
  revokeApiKey(id: string): Promise<void>;
}
