import { StrataError } from '../../contract/errors.js';
import { checkTarget, OutgoingError, type OutgoingPolicy } from '../outgoing/target.js';

/** @throws StrataError forbidden_target where no request may go to the `url` of a body */
export function requireTarget(url: string, policy: OutgoingPolicy): void {
  try {
    checkTarget(url, policy);
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error;
    const message = `The URL ${error.message}.`;
    throw new StrataError('forbidden_target', undefined, { errors: [{ pointer: '/url', message }] });
  }
}
