import pg from 'pg';
import { float, orNull } from './connection/column.js';
import { onlyRowOf } from './connection/row-reader.js';

const CONNECT_MS = 3_000;

const readAge = onlyRowOf('heartbeat-age', { age: orNull(float) });

const STATEMENTS = {
  dispatcher:
    'SELECT extract(epoch FROM now() - max(heartbeat_at))::float8 AS age FROM dispatcher WHERE host = $1',
  worker: 'SELECT extract(epoch FROM now() - max(heartbeat_at))::float8 AS age FROM worker WHERE host = $1',
} as const;

/**
 * Seconds since the last heartbeat of a process on `host`, by one connection and one statement.
 * @returns null if there is none; `unknown` if Postgres does not answer
 */
export async function heartbeatAge(
  databaseUrl: string,
  kind: keyof typeof STATEMENTS,
  host: string,
): Promise<number | null | 'unknown'> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: CONNECT_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return readAge((await client.query(STATEMENTS[kind], [host])).rows).age;
  } catch {
    return 'unknown';
  } finally {
    await client.end().catch(() => undefined);
  }
}
