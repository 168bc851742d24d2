import { setTimeout as delay } from 'node:timers/promises';
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
  const job = await ended(client, id);
  if (job.state !== 'succeeded') throw new Error(`${job.name}: ${job.state}, ${JSON.stringify(job.error)}`);
  return { job, tasks: await client.jobs.tasks(id) };
}

const AGAIN_MS = 2_000;

/** A study takes hours: a connection may break meanwhile, as it does where the machine sleeps. The service still has the job. */
async function ended(client: StrataClient, id: string): Promise<Job> {
  for (;;) {
    try {
      return await client.jobs.ended(id);
    } catch (error) {
      // fetch throws a TypeError if there is no answer. Problem answers continue.
      if (!(error instanceof TypeError)) throw error;
      await delay(AGAIN_MS);
    }
  }
}

async function earlier(client: StrataClient, body: NewJob): Promise<Job | null> {
  const { spec } = await client.jobs.check(body);
  const query = { metadata: body.metadata as Record<string, string> };
  for await (const job of client.jobs.all(query)) {
    if (job.state !== 'failed' && job.state !== 'cancelled' && isDeepStrictEqual(job.spec, spec)) return job;
  }
  return null;
}
