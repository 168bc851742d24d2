import { StrataError } from '../../../contract/errors.js';

/** @param pointer to the field of the request. @throws StrataError invalid_request */
export function refuse(pointer: string, message: string): never {
  throw new StrataError('invalid_request', undefined, { errors: [{ pointer, message }] });
}
