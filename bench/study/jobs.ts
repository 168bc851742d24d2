import { isDeepStrictEqual } from 'node:util';
import type { Job, NewJob, StrataClient } from '../../client/src/index.js';
import type { components } from '../../src/contract/generated/openapi.js';

type Schemas = components['schemas'];

export interface EndedJob {
  readonly job: Job;
  readonly tasks: readonly Schemas['Task'][];
}

/**
 * A job that has succeeded with this very spec, found by its metadata, or made now and waited for: what a study that
 * was broken off has finished is not trained again.
 * @throws Error where it fails
 */
export async function trained(client: StrataClient, body: NewJob): Promise<EndedJob> {
  const { id } = (await earlier(client, body)) ?? (await client.jobs.create(body));
  const job = await client.jobs.ended(id);
  if (job.state !== 'succeeded') throw new Error(`${job.name}: ${job.state}, ${JSON.stringify(job.error)}`);
  return { job, tasks: await client.jobs.tasks(id) };
}

async function earlier(client: StrataClient, body: NewJob): Promise<Job | null> {
  const { spec } = await client.jobs.check(body);
  const query = { metadata: body.metadata as Record<string, string> };
  for await (const job of client.jobs.all(query)) {
    if (job.state !== 'failed' && job.state !== 'cancelled' && isDeepStrictEqual(job.spec, spec)) return job;
  }
  return null;
}
