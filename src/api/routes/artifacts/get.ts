import { found } from '../../http/found.js';
import type { Handler } from '../../operations.js';

export const getArtifact: Handler<'getArtifact'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.getArtifact(id), 'artifact', id),
});
