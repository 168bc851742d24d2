import type { Queryable } from './database.js';

/** The time by the clock of Postgres, the only one that all processes share. */
export async function databaseNow(db: Queryable): Promise<Date> {
  const [row] = await db.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`;
  if (row === undefined) throw new Error('a SELECT without FROM answers one row');
  return row.now;
}
