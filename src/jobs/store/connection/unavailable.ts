import { Prisma } from '../generated/client.js';

/** Driver errors for a server that is down, full, or was lost during a query. */
const LOST: readonly string[] = [
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
  'TlsConnectionError',
];
/**
 * Postgres error codes: ended by an administrator, crashed, starting or stopping; timeout of a statement or a
 * transaction.
 */
const LEAVING = ['57P01', '57P02', '57P03', '57014', '25P03'];
/** Its disk is full or fails, or its host has no memory. */
const LACKING = ['53100', '58030', '53200'];
/** The same for statements outside Prisma. */
const LOST_CODES = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', '53300'];
/** Messages of pg without a code: every connection stayed in use for too long, or one was lost. */
const LOST_WORDS =
  /^timeout exceeded when trying to connect$|^Connection terminated|^Client has encountered a connection error/;
/** Prisma error codes: no free connection in time, none to start a transaction, or a closed connection. */
const WAITED_IN_VAIN = ['P1001', 'P1017', 'P2024', 'P2028'];

interface DriverCause {
  readonly kind?: string;
  readonly code?: string;
}

/** Whether an error means that Postgres is unavailable now, and not that the query is wrong. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientInitializationError) return true;
  if (error instanceof Error && LOST_WORDS.test(error.message)) return true;
  const { code, cause } = partsOf(error);
  return [cause.kind, cause.code, code].some(
    (part) =>
      part !== undefined &&
      [...LOST, ...LOST_CODES, ...LEAVING, ...LACKING, ...WAITED_IN_VAIN].includes(part),
  );
}

function partsOf(error: unknown): { readonly code: string | undefined; readonly cause: DriverCause } {
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    const { driverAdapterError } = (error.meta ?? {}) as { driverAdapterError?: { cause?: DriverCause } };
    return { code: error.code, cause: driverAdapterError?.cause ?? {} };
  }
  const named = error as {
    readonly name?: string;
    readonly code?: string;
    readonly cause?: DriverCause;
  } | null;
  return { code: named?.code, cause: (named?.name === 'DriverAdapterError' && named.cause) || {} };
}
