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

/** Whether an error means that Postgres is unavailable now, and not that the query is wrong. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientInitializationError) return true;
  if (error instanceof Error && LOST_WORDS.test(error.message)) return true;
  const cause = causeOf(error);
  return [field(cause, 'kind'), field(cause, 'code'), field(error, 'code')].some(
    (part) =>
      typeof part === 'string' &&
      [...LOST, ...LOST_CODES, ...LEAVING, ...LACKING, ...WAITED_IN_VAIN].includes(part),
  );
}

/** The driver's part of an error, which Prisma wraps. */
function causeOf(error: unknown): unknown {
  if (error instanceof Prisma.PrismaClientKnownRequestError)
    return field(field(error.meta, 'driverAdapterError'), 'cause');
  return field(error, 'name') === 'DriverAdapterError' ? field(error, 'cause') : undefined;
}

function field(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;
}
