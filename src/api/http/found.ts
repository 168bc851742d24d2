import { StrataError } from '../../contract/errors.js';

/** @returns `value`. @throws not_found if it is null; `what` is the kind of resource, like `job` */
export function found<T>(value: T | null, what: string, id: string): T {
  if (value === null) throw new StrataError('not_found', `There is no ${what} with the id ${id}.`);
  return value;
}
