import { StrataError } from '../../../contract/errors.js';
import type { Handler } from '../../operations.js';

export const createDataset: Handler<'createDataset'> = async ({ client, body, upload }) => {
  const { file: _, ...request } = body;
  // A field of that name that is no file.
  if (upload === null) throw noFile();
  const dataset = await client.createDataset(request, upload);
  return { status: 201, headers: { location: `/datasets/${dataset.id}` }, body: dataset };
};

function noFile(): StrataError {
  const message = 'Must be a file: `curl -F file=@data.zip`.';
  return new StrataError('invalid_request', undefined, { errors: [{ pointer: '/file', message }] });
}
