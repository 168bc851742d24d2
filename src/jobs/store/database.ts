import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { type Prisma, PrismaClient } from './generated/client.js';

/** Prisma, and the pool that it works on: prepared.ts asks that directly. */
export type Database = PrismaClient & { readonly pool: pg.Pool };
export type Transaction = Prisma.TransactionClient;
/** What a query needs: the pool, or a transaction's connection. */
export type Queryable = Database | Transaction;

const MAX_CONNECTIONS = 8;
/** A server that takes no connection for so long is down for us; one that has none free for so long is overloaded. */
const CONNECT_MS = 10_000;

/** Opens a pool of connections; `$disconnect()` ends it. */
export async function openDatabase(databaseUrl: string): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
  });
  // Lost connections surface in the next query; unheard, pg's 'error' event would end the process.
  const adapter = new PrismaPg(pool, {
    disposeExternalPool: true,
    onPoolError: () => undefined,
    onConnectionError: () => undefined,
  });
  const database = new PrismaClient({
    adapter,
    transactionOptions: { maxWait: 10_000, timeout: 30_000 },
  });
  await database.$connect();
  return Object.assign(database, { pool });
}

/** A plain value as a JSON column takes it. */
export function toJson(value: unknown): Prisma.InputJsonValue {
  return value as Prisma.InputJsonValue;
}

/** A JSON column back as the type that `toJson` was given. */
export function fromJson<T>(value: Prisma.JsonValue): T {
  return value as T;
}
