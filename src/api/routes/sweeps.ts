import type { Handler } from '../handler.js';
import { found } from '../http/found.js';

export const createSweep: Handler<'createSweep'> = async ({ client, query, body, checkJob }) => {
  const sweep = await client.sweeps.createSweep(body, { checkJob, dryRun: query.dry_run });
  if (query.dry_run) return { status: 200, body: sweep };
  return { status: 201, headers: { location: sweep.links.self }, body: sweep };
};

export const listSweeps: Handler<'listSweeps'> = async ({ client, query }) => ({
  status: 200,
  body: await client.sweeps.listSweeps(query),
});

export const getSweep: Handler<'getSweep'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.sweeps.getSweep(id), 'sweep', id),
});

export const updateSweep: Handler<'updateSweep'> = async ({ client, params: { id }, body, checkJob }) => ({
  status: 200,
  body: await client.sweeps.updateSweep(id, body, { checkJob }),
});

export const listSweepTrials: Handler<'listSweepTrials'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: await client.sweeps.listSweepTrials(id),
});

export const createTrial: Handler<'createTrial'> = async ({ client, params: { id }, body, checkJob }) => ({
  status: 201,
  body: await client.sweeps.createTrial(id, body, { checkJob }),
});

export const pauseSweep: Handler<'pauseSweep'> = async ({ client, params: { id } }) => ({
  status: 202,
  body: await client.sweeps.pauseSweep(id),
});

export const resumeSweep: Handler<'resumeSweep'> = async ({ client, params: { id } }) => ({
  status: 202,
  body: await client.sweeps.resumeSweep(id),
});

export const cancelSweep: Handler<'cancelSweep'> = async ({ client, params: { id } }) => ({
  status: 202,
  body: await client.sweeps.cancelSweep(id),
});
