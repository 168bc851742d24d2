import pg from 'pg';

/**
 * Runs `insert` while the tables have no triggers and no indexes beside their keys: millions of rows take minutes instead
 * of an hour. The indexes are built anew, and the planner counts the rows.
 */
export async function inBulk(
  databaseUrl: string,
  tables: readonly string[],
  insert: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('SET synchronous_commit = off');
    const indexes = await indexesOf(client, tables);
    for (const { name } of indexes) await client.query(`DROP INDEX "${name}"`);
    for (const table of tables) await client.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
    await insert(client);
    for (const table of tables) await client.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
    await client.query(`SET maintenance_work_mem = '512MB'`);
    for (const { definition } of indexes) await client.query(definition);
    await client.query('VACUUM ANALYZE');
  } finally {
    await client.end();
  }
}

/** Indexes that are no constraint: primary keys stay. */
async function indexesOf(client: pg.Client, tables: readonly string[]) {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT indexname AS name, indexdef AS definition FROM pg_indexes
     WHERE schemaname = 'public' AND tablename = ANY ($1)
       AND indexname NOT IN (SELECT conname FROM pg_constraint)`,
    [tables],
  );
  return rows;
}
