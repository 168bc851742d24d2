import pg from 'pg';
import { StrataError } from '../../../contract/errors.js';
import { explainPostgres } from '../../../contract/server-faults.js';
import { useUtc } from './session.js';

const CONNECT_MS = 10_000;

/** @throws Error that names the setting, what is wrong and the remedy, where the database takes no connection */
export async function checkPostgres(databaseUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: CONNECT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await useUtc(client);
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? '';
  } catch (error) {
    if (error instanceof StrataError) throw error;
    const fault = Array.isArray((error as AggregateError).errors)
      ? ((error as AggregateError).errors[0] as Error)
      : (error as Error);
    throw new Error(explainPostgres(databaseUrl, fault), { cause: error });
  } finally {
    await client.end().catch(() => undefined);
  }
}
