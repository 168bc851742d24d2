import { Prisma } from '../generated/client.js';
import { time } from './column.js';
import type { Queryable } from './database.js';
import { statement } from './statement.js';

const clock = statement('clock', { now: time });

/** The time by the clock of Postgres, the only one that all processes share. */
export async function databaseNow(db: Queryable): Promise<Date> {
  return (await clock.only(db, Prisma.sql`SELECT clock_timestamp() AS now`)).now;
}
