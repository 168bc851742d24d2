import { StrataError } from '../../contract/errors.js';

/** 400 for a query parameter that is valid by itself, but not beside the others. */
export function refusedQuery(name: string, message: string): StrataError {
  return new StrataError('invalid_request', undefined, {
    errors: [{ in: 'query', pointer: `/${name}`, message }],
  });
}
