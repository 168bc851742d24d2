import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { DEFAULT_TENANT, SCOPES } from '../../src/contract/access.js';
import { openKeyOffice } from '../../src/jobs/client/keys/key-office.js';
import { buildLiveApp } from '../api/security/live-api.js';
import { smallJob } from '../jobs/support/specs.js';
import { FAKE_TRAINER, Strata } from './strata.js';

/** The API on a socket, on real servers, with one job that has succeeded; every answer is checked against the contract. */
export interface LiveApi {
  readonly url: string;
  readonly strata: Strata;
  readonly app: FastifyInstance;
  /** Id of the successful job. */
  readonly jobId: string;
  /** May do everything. */
  readonly apiKey: string;
  stop(): Promise<void>;
}

/** No dispatcher and no worker is left: jobs made later wait. */
export async function startLiveApi(): Promise<LiveApi> {
  const strata = await Strata.start({ trainer: FAKE_TRAINER });
  try {
    const jobId = await succeededJob(strata);
    const apiKey = await makeKey(strata);
    const folder = join(strata.servers.home, 'uploads');
    const app = await buildLiveApp(strata, true, 0, undefined, { folder, limitBytes: 100_000_000 });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const stop = async () => {
      await app.close();
      await strata.stop();
    };
    return { url, strata, app, jobId, apiKey, stop };
  } catch (error) {
    await strata.stop();
    throw error;
  }
}

async function succeededJob(strata: Strata): Promise<string> {
  const processes = await Promise.all([strata.startDispatcher(), strata.startWorker()]);
  const { job } = await strata.client.jobs.createJob(smallJob({ name: 'done' }), {});
  await strata.ended(job.id);
  await Promise.all(processes.map((process) => process.stop()));
  return job.id;
}

async function makeKey({ servers }: Strata): Promise<string> {
  const office = await openKeyOffice(servers.databaseUrl);
  try {
    return await office.create({ tenant: DEFAULT_TENANT, name: 'test', scopes: SCOPES });
  } finally {
    await office.close();
  }
}
