import { Readable } from 'node:stream';
import { StrataError } from '../../contract/errors.js';
import type { Handler } from '../handler.js';

/** Only Postgres decides: a stored job survives and can wait for Redis and workers. */
export const getReadiness: Handler<'getReadiness'> = async ({ service }) => {
  const found = await service.getReadiness();
  if (found.dependencies.postgres === 'down') throw new StrataError('unavailable', found.problems.join(' '));
  return { status: 200, body: { status: found.problems.length === 0 ? 'ok' : 'degraded', ...found } };
};

export const getLiveness: Handler<'getLiveness'> = async ({ service: { version } }) => ({
  status: 200,
  body: { status: 'ok', version },
});

/** Version 0.0.4 of the text format. Every version of Prometheus reads it. */
const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8';

export const getMetrics: Handler<'getMetrics'> = async ({ service }) => ({
  status: 200,
  headers: { 'content-type': TEXT_FORMAT, 'cache-control': 'no-store' },
  body: Readable.from([await service.getMetrics()]),
});

export const listWorkers: Handler<'listWorkers'> = async ({ service }) => ({
  status: 200,
  body: await service.listWorkers(),
});

export const drainWorker: Handler<'drainWorker'> = async ({ service, params }) => ({
  status: 200,
  body: await service.drainWorker(params.id),
});
