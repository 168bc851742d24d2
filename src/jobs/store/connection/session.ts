import type { ClientBase } from 'pg';
import { StrataError } from '../../../contract/errors.js';

/**
 * Gives a new connection the time zone UTC. Prisma's driver leaves out the offset of every time that it sends and reads, which
 * is right in that zone only; a server takes its own from its machine, its configuration, the database or the role. PgBouncer
 * keeps the setting of each of its clients.
 * @throws StrataError database_time_zone, where the setting does not hold
 */
export async function useUtc(client: ClientBase): Promise<void> {
  await client.query("SET TIME ZONE 'UTC'");
  // Asked apart: a pooler that hands each statement to another session shows here.
  const { rows } = await client.query<{ TimeZone: string }>('SHOW TimeZone');
  const zone = rows[0]?.TimeZone;
  if (zone !== 'UTC') throw new StrataError('database_time_zone', `The session's time zone stays ${zone}.`);
}
