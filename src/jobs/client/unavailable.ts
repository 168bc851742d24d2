import { StrataError } from '../../contract/errors.js';
import { isUnavailable } from '../store/connection/unavailable.js';

type Method = (...args: never[]) => unknown;

/**
 * The same methods, but that a Postgres which cannot be reached is `unavailable`: the caller may come back. A write that
 * met it may have been committed: that is what Idempotency-Key is for.
 */
export function sayingUnavailable<T extends object>(methods: T): T {
  const wrapped = Object.entries(methods).map(([name, method]) => [name, wrap(method as Method)]);
  return Object.fromEntries(wrapped) as T;
}

function wrap(method: Method): Method {
  return (...args) => {
    const result = method(...args);
    return result instanceof Promise ? result.catch(rethrow) : result;
  };
}

function rethrow(error: unknown): never {
  if (!isUnavailable(error)) throw error;
  throw new StrataError('unavailable', 'Postgres does not answer; repeat the request in a moment.', {
    cause: error,
  });
}
