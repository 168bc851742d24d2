import pg from 'pg';
import { StrataError } from '../../../contract/errors.js';
import { explainPostgres } from '../../../contract/server-faults.js';
import { text } from './column.js';
import { onlyRowOf } from './row-reader.js';
import { useUtc } from './session.js';

const CONNECT_MS = 10_000;

const readVersion = onlyRowOf('server-version', { server_version: text });

/** @throws Error that names the setting, what is wrong and the remedy, where the database takes no connection */
export async function checkPostgres(databaseUrl: string): Promise<string> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: CONNECT_MS,
    // As every pool sends them: a pooler may refuse them.
    statement_timeout: CONNECT_MS,
    idle_in_transaction_session_timeout: CONNECT_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await useUtc(client);
    return readVersion((await client.query('SHOW server_version')).rows).server_version;
  } catch (error) {
    if (error instanceof StrataError) throw error;
    // A name with several addresses fails with one error an address.
    const fault = error instanceof AggregateError ? error.errors[0] : error;
    throw new Error(explainPostgres(databaseUrl, fault), { cause: error });
  } finally {
    await client.end().catch(() => undefined);
  }
}
