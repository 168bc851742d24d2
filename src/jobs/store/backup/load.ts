import type pg from 'pg';
import { type Column, inTransaction, quoted, readTables, type TextRow } from './session.js';

const ROWS_AT_ONCE = 500;

export interface TableRows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: AsyncIterable<TextRow>;
}

/**
 * Fills a migrated database with the rows of a snapshot, in one transaction: all or nothing. What the migrations have inserted is
 * replaced. Triggers and foreign keys rest meanwhile, for the snapshot has the rows that triggers made, and all that rows refer to.
 */
export async function loadTables(databaseUrl: string, contents: AsyncIterable<TableRows>): Promise<void> {
  await inTransaction(databaseUrl, 'BEGIN', async (client) => {
    await client.query('SET LOCAL session_replication_role = replica');
    const tables = await readTables(client);
    await client.query(`TRUNCATE ${[...tables.keys()].map(quoted).join(', ')}`);
    for await (const content of contents) await loadTable(client, content, tables.get(content.table) ?? []);
  });
}

async function loadTable(
  client: pg.Client,
  { table, columns, rows }: TableRows,
  present: readonly Column[],
): Promise<void> {
  const typeOf = (name: string) => {
    const column = present.find((candidate) => candidate.name === name);
    if (!column) throw new Error(`the backup has a column ${table}.${name} that its migrations do not make`);
    return column.type;
  };
  const names = columns.map(quoted).join(', ');
  const values = columns.map((name, index) => `c${index}::${typeOf(name)}`).join(', ');
  const texts = columns.map((_, index) => `$${index + 1}::text[]`).join(', ');
  const aliases = columns.map((_, index) => `c${index}`).join(', ');
  const insert = `INSERT INTO ${quoted(table)} (${names}) SELECT ${values} FROM unnest(${texts}) AS given(${aliases})`;
  const flush = (batch: readonly TextRow[]) =>
    client.query(
      insert,
      columns.map((_, index) => batch.map((row) => row[index] ?? null)),
    );
  let batch: TextRow[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < ROWS_AT_ONCE) continue;
    await flush(batch);
    batch = [];
  }
  if (batch.length > 0) await flush(batch);
}
