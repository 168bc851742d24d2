import type { components } from '../../../contract/generated/openapi.js';
import type { ApiKey } from '../../store/rows.js';

export function toApiKey(row: ApiKey): components['schemas']['ApiKey'] {
  return {
    id: row.id,
    object: 'api_key',
    tenant: row.tenant,
    name: row.name,
    scopes: row.scopes,
    created_at: row.createdAt.toISOString(),
    links: { self: `/api-keys/${row.id}` },
  };
}
