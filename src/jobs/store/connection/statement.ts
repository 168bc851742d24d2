import { Prisma } from '../generated/client.js';
import type { Column, RowOf } from './column.js';
import type { Queryable } from './database.js';
import { readerOf } from './row-reader.js';

type Columns = Readonly<Record<string, Column<unknown>>>;

export interface Statement<Row> {
  rows(db: Queryable, sql: Prisma.Sql): Promise<Row[]>;
  /** The first row; null without one. */
  first(db: Queryable, sql: Prisma.Sql): Promise<Row | null>;
  /** The only row of a statement that always returns one. */
  only(db: Queryable, sql: Prisma.Sql): Promise<Row>;
}

/**
 * A raw statement whose text depends on its arguments, on the pool or in a transaction. Its name ends the text as a
 * comment, which `pg_stat_activity` shows. Frequent statements with a fixed text are prepared (prepared.ts).
 */
export function statement<C extends Columns>(name: string, columns: C): Statement<RowOf<C>> {
  const read = readerOf(name, columns);
  const mark = Prisma.raw(`/* ${name} */`);
  const rows = async (db: Queryable, sql: Prisma.Sql) =>
    read(await db.$queryRaw<unknown[]>(Prisma.sql`${sql} ${mark}`));
  return {
    rows,
    first: async (db, sql) => (await rows(db, sql))[0] ?? null,
    async only(db, sql) {
      const [row] = await rows(db, sql);
      if (row === undefined) throw new Error(`the statement ${name} always returns a row`);
      return row;
    },
  };
}
