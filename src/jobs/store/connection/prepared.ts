import type { QueryResultRow } from 'pg';
import type { Database } from './database.js';

/**
 * A statement for what is asked hundreds of times a second: each connection plans it once, and Prisma, whose raw queries
 * take some four times as long in this process, is left out. For single statements only: there is no transaction around it.
 * @param name unique among prepared statements
 */
export function prepare<Row extends QueryResultRow>(name: string, text: string) {
  return async (db: Database, values: readonly unknown[]): Promise<Row[]> => {
    const { rows } = await db.pool.query<Row>({ name, text, values: [...values] });
    return rows;
  };
}
