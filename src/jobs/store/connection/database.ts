import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { STATEMENT_MS } from '../../process/limits.js';
import { type Prisma, PrismaClient } from '../generated/client.js';
import { impatientSocket } from './impatient-socket.js';
import { useUtc } from './session.js';

/** Prisma, and the pool that it works on: prepared.ts asks that directly. */
export type Database = PrismaClient & { readonly pool: pg.Pool };
export type Transaction = Prisma.TransactionClient;
/** What a query needs: the pool, or a transaction's connection. */
export type Queryable = Database | Transaction;

const MAX_CONNECTIONS = 8;
/** Statements that a connection keeps planned. */
const MOST_NAMES = 300;
const NO_NAME = '';
/** A server that takes no connection for so long is down for us; one that has none free for so long is overloaded. */
const CONNECT_MS = 10_000;

/** Postgres speaks first, with an error, where it can. */
const GRACE_MS = 2_000;

/**
 * Opens a pool of connections; `$disconnect()` ends it.
 * @param statementMs how long a statement, and the pause before the next one of its transaction, may take: Postgres ends
 * them then, and with them the locks of a process that is stopped or gone. A connection over which nothing has come for
 * that long is given up, since its other end may be gone without a word.
 */
export async function openDatabase(databaseUrl: string, statementMs = STATEMENT_MS): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: statementMs,
    // The pool waits for it, and drops the connection where it throws.
    onConnect: useUtc,
    // Not pg's query_timeout: after it, a connection that is dead would go back to the pool.
    stream: () => impatientSocket(statementMs + GRACE_MS),
  });
  // Lost connections surface in the next query; unheard, pg's 'error' event would end the process.
  const adapter = new PrismaPg(pool, {
    disposeExternalPool: true,
    onPoolError: () => undefined,
    onConnectionError: () => undefined,
    statementNameGenerator: statementNames(),
  });
  const database = new PrismaClient({
    adapter,
    transactionOptions: { maxWait: 10_000, timeout: 30_000 },
  });
  try {
    // Now, not with the first statement: Prisma would wrap the reason.
    (await pool.connect()).release();
    await database.$connect();
  } catch (error) {
    await database.$disconnect();
    throw error;
  }
  return Object.assign(database, { pool });
}

/**
 * Names for Prisma's statements: a connection plans one with a name once, not at each call. Texts vary with the length of
 * their lists, so only the first ones get a name.
 */
function statementNames(): (query: { readonly sql: string }) => string {
  const names = new Map<string, string>();
  return ({ sql }) => {
    if (!names.has(sql) && names.size < MOST_NAMES) names.set(sql, `prisma-${names.size}`);
    return names.get(sql) ?? NO_NAME;
  };
}

/** A plain value as a JSON column takes it. */
export function toJson(value: unknown): Prisma.InputJsonValue {
  return value as Prisma.InputJsonValue;
}

/** A JSON column back as the type that `toJson` was given. */
export function fromJson<T>(value: Prisma.JsonValue): T {
  return value as T;
}
