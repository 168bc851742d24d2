import type { JobsClient } from '../../../contract/jobs-client.js';
import { found } from '../../http/found.js';
import type { Handler } from '../../operations.js';

export const getJob: Handler<'getJob'> = async ({ client, closing, params: { id }, query: { wait } }) => {
  if (wait > 0) await ended(client, id, AbortSignal.any([closing, AbortSignal.timeout(wait * 1000)]));
  return { status: 200, body: found(await client.getJob(id), 'job', id) };
};

/** Resolves when the job has ended or `signal` aborts. */
async function ended(client: JobsClient, id: string, signal: AbortSignal): Promise<void> {
  // No event has such a number: what ends is the wait for more.
  for await (const _ of client.followEvents(id, Number.MAX_SAFE_INTEGER, signal));
}
