import { after, before } from 'node:test';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { buildApp } from '../../../src/api/app.js';
import type { ResumableOptions } from '../../../src/api/plugins/resumable.js';
import type { Scope } from '../../../src/contract/access.js';
import { type KeyOffice, openKeyOffice } from '../../../src/jobs/client/keys/key-office.js';
import type { Tracing } from '../../../src/tracing/tracing.js';
import { Strata } from '../../support/strata.js';
import { validateResponses } from '../harness.js';

export interface LiveApi {
  strata: Strata;
  app: FastifyInstance;
  office: KeyOffice;
}

/** The API on real tables, its answers checked against the contract. */
export function useLiveApi() {
  const live = {} as LiveApi;
  before(async () => {
    live.strata = await Strata.start();
    live.office = await openKeyOffice(live.strata.servers.databaseUrl);
    live.app = await buildLiveApp(live.strata);
  });
  after(async () => {
    await live.app.close();
    await live.office.close();
    await live.strata.stop();
  });
  const call = (method: string, url: string, key?: string, options: InjectOptions = {}) => {
    const headers = { ...(key && { authorization: `Bearer ${key}` }), ...options.headers };
    return live.app.inject({ ...options, method: method as 'GET', url, headers });
  };
  const keyWith = (scopes: readonly Scope[], tenant = 'ours') =>
    live.office.create({ tenant, name: 'test', scopes });
  return { live, call, keyWith };
}

/** @param requestsPerMinute of one key; 0: any number */
export function buildLiveApp(
  strata: Strata,
  loopback = true,
  requestsPerMinute = 0,
  tracing?: Tracing,
  resumable?: ResumableOptions,
): Promise<FastifyInstance> {
  return buildApp(strata.service, {
    ...(tracing && { tracing }),
    logLevel: 'silent',
    loopback,
    requestsPerMinute,
    ...(resumable && { resumable }),
    instrument: validateResponses,
  });
}
