import { Prisma } from './generated/client.js';

/** What the driver calls a server that is down, full or gone in the middle of a query. */
const LOST: readonly string[] = [
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
  'TlsConnectionError',
];
/** Postgres' own: ended by an administrator, crashed, starting or stopping. */
const LEAVING = ['57P01', '57P02', '57P03'];
/** Prisma's: no connection free in time, none to start a transaction on, one that was closed. */
const WAITED_IN_VAIN = ['P1001', 'P1017', 'P2024', 'P2028'];

interface DriverCause {
  readonly kind?: string;
  readonly code?: string;
}

/** Whether an error of the store says that Postgres cannot be used now, rather than that something is wrong with us. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientInitializationError) return true;
  const { code, cause } = partsOf(error);
  return [cause.kind, cause.code, code].some(
    (part) => part !== undefined && [...LOST, ...LEAVING, ...WAITED_IN_VAIN].includes(part),
  );
}

function partsOf(error: unknown): { readonly code: string | undefined; readonly cause: DriverCause } {
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    const { driverAdapterError } = (error.meta ?? {}) as { driverAdapterError?: { cause?: DriverCause } };
    return { code: error.code, cause: driverAdapterError?.cause ?? {} };
  }
  const named = error as { readonly name?: string; readonly cause?: DriverCause } | null;
  return { code: undefined, cause: (named?.name === 'DriverAdapterError' && named.cause) || {} };
}
