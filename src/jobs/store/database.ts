import { PrismaPg } from '@prisma/adapter-pg';
import { type Prisma, PrismaClient } from './generated/client.js';

export type Database = PrismaClient;
export type Transaction = Prisma.TransactionClient;
/** What a query needs: the pool, or a transaction's connection. */
export type Queryable = Database | Transaction;

const MAX_CONNECTIONS = 8;
/** A server that takes no connection for so long is down for us. */
const CONNECT_MS = 10_000;

/** Opens a pool of connections; `$disconnect()` ends it. */
export async function openDatabase(databaseUrl: string): Promise<Database> {
  // Lost connections surface in the next query; unheard, pg's 'error' event would end the process.
  const adapter = new PrismaPg(
    { connectionString: databaseUrl, max: MAX_CONNECTIONS, connectionTimeoutMillis: CONNECT_MS },
    { onPoolError: () => undefined, onConnectionError: () => undefined },
  );
  const database = new PrismaClient({
    adapter,
    transactionOptions: { maxWait: 10_000, timeout: 30_000 },
  });
  await database.$connect();
  return database;
}

/** A plain value as a JSON column takes it. */
export function toJson(value: unknown): Prisma.InputJsonValue {
  return value as Prisma.InputJsonValue;
}

/** A JSON column back as the type that `toJson` was given. */
export function fromJson<T>(value: Prisma.JsonValue): T {
  return value as T;
}
