import type { Column, RowOf } from './column.js';
import type { Pooled } from './pooled.js';
import { readerOf } from './row-reader.js';

/** Texts of the prepared statements of this process by name. A test describes each. */
const texts = new Map<string, string>();
export const PREPARED: ReadonlyMap<string, string> = texts;

/**
 * A prepared statement for frequent queries: each connection plans it once. It bypasses Prisma, whose raw queries
 * take about four times as long in this process. For single statements only, because there is no transaction around
 * it.
 * @param name unique among statements
 * @param columns every column that it returns
 */
export function prepare<C extends Readonly<Record<string, Column<unknown>>>>(
  name: string,
  columns: C,
  text: string,
): (db: Pooled, values: readonly unknown[]) => Promise<RowOf<C>[]> {
  const read = readerOf(name, columns);
  texts.set(name, text);
  return async (db, values) => read((await db.pool.query({ name, text, values: [...values] })).rows);
}
