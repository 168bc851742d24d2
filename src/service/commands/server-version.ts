import pg from 'pg';

/** What a Postgres server calls itself. */
export async function serverVersion(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return `Postgres ${rows[0]?.server_version}`;
  } finally {
    await client.end();
  }
}
