import type { Column, RowOf } from './column.js';
import type { Pooled } from './pooled.js';
import { readerOf } from './row-reader.js';
import type { Call } from './together.js';

/** Texts of the prepared statements of this process by name. A test describes each. */
const texts = new Map<string, string>();
export const PREPARED: ReadonlyMap<string, string> = texts;

export interface Prepared<Row> {
  (db: Pooled, values: readonly unknown[]): Promise<Row[]>;
  /** The statement as a part of a transaction (together.ts). */
  of(values: readonly unknown[]): Call<Row>;
}

/**
 * A prepared statement for frequent queries: each connection plans it once. It bypasses Prisma, whose raw queries
 * take about four times as long in this process. A transaction of its own, or a part of one
 * that is sent at once.
 * @param name unique among statements
 * @param columns every column that it returns
 */
export function prepare<C extends Readonly<Record<string, Column<unknown>>>>(
  name: string,
  columns: C,
  text: string,
): Prepared<RowOf<C>> {
  const read = readerOf(name, columns);
  texts.set(name, text);
  const run = async (db: Pooled, values: readonly unknown[]) =>
    read((await db.pool.query({ name, text, values: [...values] })).rows);
  return Object.assign(run, { of: (values: readonly unknown[]) => ({ name, text, values, read }) });
}
