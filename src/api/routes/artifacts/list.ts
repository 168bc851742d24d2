import type { Handler } from '../../operations.js';

export const listJobArtifacts: Handler<'listJobArtifacts'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: await client.listArtifacts(id),
});
