import type pg from 'pg';
import { type Column, inTransaction, quoted, readTables, type TextRow } from './session.js';

const ROWS_AT_ONCE = 500;

export interface TableRows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: AsyncIterable<TextRow>;
}

/** Whether a database has tables, of anybody, where the migrations would make theirs. */
export function holdsTables(databaseUrl: string): Promise<boolean> {
  return inTransaction(databaseUrl, 'BEGIN READ ONLY', async (client) => (await readTables(client)).size > 0);
}

/**
 * Fills a migrated database with the rows of a snapshot, in one transaction: all or nothing. What the migrations have
 * inserted is replaced. Triggers rest meanwhile, for the snapshot has the rows that they made. Foreign keys are dropped
 * and made again at the end, which checks every row: only a superuser could let them rest.
 */
export async function loadTables(databaseUrl: string, contents: AsyncIterable<TableRows>): Promise<void> {
  await inTransaction(databaseUrl, 'BEGIN', async (client) => {
    const tables = await readTables(client);
    const keys = await readForeignKeys(client);
    const names = [...tables.keys()].map(quoted);
    for (const { table, name } of keys) await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
    for (const name of names) await client.query(`ALTER TABLE ${name} DISABLE TRIGGER USER`);
    await client.query(`TRUNCATE ${names.join(', ')}`);
    for await (const content of contents) await loadTable(client, content, tables.get(content.table) ?? []);
    for (const name of names) await client.query(`ALTER TABLE ${name} ENABLE TRIGGER USER`);
    for (const { table, name, definition } of keys)
      await client.query(`ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`);
  });
}

/** The names are quoted. */
interface ForeignKey {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

async function readForeignKeys(client: pg.Client): Promise<ForeignKey[]> {
  const { rows } = await client.query<ForeignKey>(`
    SELECT conrelid::regclass::text AS "table", quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
    ORDER BY conrelid, conname`);
  return rows;
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
