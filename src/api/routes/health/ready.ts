import { StrataError } from '../../../contract/errors.js';
import type { Handler } from '../../operations.js';

/** Only Postgres decides: a stored job is kept, and waits for Redis and workers. */
export const getReadiness: Handler<'getReadiness'> = async ({ client }) => {
  const dependencies = await client.health();
  if (dependencies.postgres === 'down') throw new StrataError('unavailable', 'Postgres does not answer.');
  const complete = dependencies.redis === 'up' && dependencies.workers > 0;
  return { status: 200, body: { status: complete ? 'ok' : 'degraded', dependencies } };
};
