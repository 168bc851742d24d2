import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { STATEMENT_MS } from '../../process/limits.js';
import type { ColumnTypes, TypedTable } from '../columns.js';
import { type Prisma, PrismaClient } from '../generated/client.js';
import { followDatabaseClock } from '../ids.js';
import { float } from './column.js';
import { impatientSocket } from './impatient-socket.js';
import { Nudges, withNudges } from './nudges.js';
import type { Pooled } from './pooled.js';
import { onlyRowOf } from './row-reader.js';
import { usePlansAgain, useUtc } from './session.js';

/**
 * Types of what Prisma reads. Prisma knows JSON and text columns only as such; columns.ts says what their values are.
 * This is the form in which Prisma's own types take other types of columns.
 */
interface ReadTypes {
  result: {
    [Table in TypedTable]: {
      [C in keyof ColumnTypes<Table>]: () => { compute: () => ColumnTypes<Table>[C] };
    };
  };
  model: Record<never, never>;
  query: Record<never, never>;
  client: Record<never, never>;
}
type TypedClient = PrismaClient<never, Prisma.PrismaClientOptions['omit'], ReadTypes>;

export type { Pooled } from './pooled.js';

export type Transaction = Pick<TypedClient, Exclude<keyof Prisma.TransactionClient, '$transaction'>>;
/** Prisma and its connection pool. */
export type Database = Transaction &
  Pooled & {
    readonly nudges: Nudges;
    $disconnect(): Promise<void>;
    $transaction<R>(change: (tx: Transaction) => Promise<R>): Promise<R>;
  };
/** The pool, or the connection of a transaction. */
export type Queryable = Database | Transaction;

/** Maximum number of connections of a pool. docs/operating.md says how many each process has. */
const MAX_CONNECTIONS = 8;
/** Maximum number of prepared statements per connection. */
const MAX_NAMES = 300;
const NO_NAME = '';
/**
 * Time limit for a new connection, after which the server counts as down, and for a free one, after which it counts
 * as overloaded.
 */
const CONNECT_MS = 10_000;

const readMs = onlyRowOf('clock-of-ids', { ms: float });

/** Extra time in which Postgres can report the error itself. */
const GRACE_MS = 2_000;

/** Prepares the session of a new connection. */
type OnConnect = (client: pg.ClientBase) => Promise<void>;

/**
 * Opens a pool of connections.
 * @param statementMs maximum time of a statement, and of the pause before the next one in its transaction. Postgres
 * ends them after this time, which releases the locks of a process that is stopped or gone. A connection that
 * receives nothing for that long is dropped, because its peer may be gone without notice.
 */
function openPool(databaseUrl: string, statementMs: number, max: number, onConnect: OnConnect): pg.Pool {
  return new pg.Pool({
    connectionString: databaseUrl,
    max,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: statementMs,
    // The pool waits for it, and drops the connection where it throws.
    onConnect,
    // Not pg's query_timeout: it would return a dead connection to the pool.
    stream: () => impatientSocket(statementMs + GRACE_MS),
  });
}

/** A single connection for heartbeats, which must not wait for other statements of the process. */
export function openHeartbeatConnection(databaseUrl: string, statementMs: number): Pooled & Closable {
  const pool = openPool(databaseUrl, statementMs, 1, usePlansAgain);
  // The next statement opens another connection.
  pool.on('error', () => undefined);
  return { pool, close: () => pool.end() };
}

interface Closable {
  close(): Promise<void>;
}

/** Opens a pool of connections with Prisma on it; `$disconnect()` closes both. See `openPool`. */
export async function openDatabase(
  databaseUrl: string,
  statementMs = STATEMENT_MS,
  max = MAX_CONNECTIONS,
  onConnect: OnConnect = useUtc,
): Promise<Database> {
  const pool = openPool(databaseUrl, statementMs, max, onConnect);
  // A lost connection causes an error in the next query. Without a handler, pg's 'error' event would end the
  // process.
  const adapter = new PrismaPg(pool, {
    disposeExternalPool: true,
    onPoolError: () => undefined,
    onConnectionError: () => undefined,
    statementNameGenerator: statementNames(),
  });
  const database: TypedClient = new PrismaClient({
    adapter,
    transactionOptions: { maxWait: 10_000, timeout: 30_000 },
  });
  try {
    // Now, not with the first statement: Prisma would wrap the reason.
    (await pool.connect()).release();
    await database.$connect();
    await followDatabaseClock(() => databaseMs(pool));
  } catch (error) {
    await database.$disconnect();
    throw error;
  }
  return withTransactions(database, pool);
}

function withTransactions(prisma: TypedClient, pool: pg.Pool): Database {
  const nudges = new Nudges(pool);
  // Prisma's type of `$transaction` forgets the types of columns. What a Database has besides is added below.
  const database = prisma as unknown as Database;
  const transaction = database.$transaction.bind(database);
  const disconnect = database.$disconnect.bind(database);
  const own: Omit<Database, keyof Transaction> = {
    pool,
    nudges,
    $transaction: <R>(change: (tx: Transaction) => Promise<R>) =>
      withNudges(nudges, (started) =>
        transaction((tx) => {
          started(tx);
          return change(tx);
        }),
      ),
    $disconnect: async () => {
      await nudges.idle();
      await disconnect();
    },
  };
  return Object.assign(database, own);
}

async function databaseMs(pool: pg.Pool): Promise<number> {
  const answer = await pool.query('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms');
  return readMs(answer.rows).ms;
}

/**
 * Names for Prisma's statements. A connection plans a named statement once instead of at each call. The text
 * depends on the length of lists, so only the first ones get a name.
 */
function statementNames(): (query: { readonly sql: string }) => string {
  const names = new Map<string, string>();
  return ({ sql }) => {
    if (!names.has(sql) && names.size < MAX_NAMES) names.set(sql, `prisma-${names.size}`);
    return names.get(sql) ?? NO_NAME;
  };
}

/** Converts a plain value for a JSON column. */
export function toJson(value: unknown): Prisma.InputJsonValue {
  return value as Prisma.InputJsonValue;
}
