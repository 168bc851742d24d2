import { StrataError } from '../../contract/errors.js';

/** @returns `value`. @throws not_found where it is null; `what` names it, like `job` */
export function found<T>(value: T | null, what: string, id: string): T {
  if (value === null) throw new StrataError('not_found', `There is no ${what} with the id ${id}.`);
  return value;
}
