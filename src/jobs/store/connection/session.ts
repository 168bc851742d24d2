import type { ClientBase } from 'pg';
import { StrataError } from '../../../contract/errors.js';
import { text } from './column.js';
import { onlyRowOf } from './row-reader.js';

const readZone = onlyRowOf('time-zone', { TimeZone: text });

/**
 * Gives a new connection the time zone UTC. Prisma's driver leaves out the offset of every time that it sends and reads, which
 * is right in that zone only; a server takes its own from its machine, its configuration, the database or the role. PgBouncer
 * keeps the setting of each of its clients.
 * @throws StrataError database_time_zone, where the setting does not hold
 */
export async function useUtc(client: ClientBase): Promise<void> {
  await client.query("SET TIME ZONE 'UTC'");
  // Asked apart: a pooler that hands each statement to another session shows here.
  const zone = readZone((await client.query('SHOW TimeZone')).rows).TimeZone;
  if (zone !== 'UTC') throw new StrataError('database_time_zone', `The session's time zone stays ${zone}.`);
}

/**
 * The same for a worker, whose connections send the same few statements all their life. By default Postgres plans a
 * prepared statement for each of its first five runs anew: with hundreds of workers that would take more time than running them.
 */
export async function usePlansAgain(client: ClientBase): Promise<void> {
  await useUtc(client);
  await client.query('SET plan_cache_mode = force_generic_plan');
}
