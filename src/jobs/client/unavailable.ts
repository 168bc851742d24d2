import { StrataError } from '../../contract/errors.js';
import { outageOf } from '../../contract/outages.js';
import { isUnavailable } from '../store/connection/unavailable.js';

type Method = (...args: never[]) => unknown;

/** Wraps every method with `sayingUnavailable`. */
export function allSayingUnavailable<T extends object>(methods: T): T {
  const wrapped = Object.entries(methods).map(([name, method]) => [
    name,
    sayingUnavailable(method as Method),
  ]);
  return Object.fromEntries(wrapped) as T;
}

/**
 * The same method, but it throws `unavailable` where Postgres cannot be reached, and `storage_full` where its disk is
 * full: the caller may repeat the request. A write that met it may have been committed: that is what Idempotency-Key is
 * for.
 */
export function sayingUnavailable<A extends never[], R>(method: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    const result = method(...args);
    return result instanceof Promise ? (result.catch(rethrow) as R) : result;
  };
}

function rethrow(error: unknown): never {
  const outage = outageOf(error);
  if (outage !== null) throw new StrataError(outage, undefined, { cause: error });
  if (!isUnavailable(error)) throw error;
  throw new StrataError('unavailable', 'Postgres does not respond. Repeat the request in a moment.', {
    cause: error,
  });
}
