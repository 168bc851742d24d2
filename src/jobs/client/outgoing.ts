import { type FieldError, StrataError } from '../../contract/errors.js';
import type { SecretBox } from '../outgoing/secret-box.js';
import { checkTarget, OutgoingError, type OutgoingPolicy } from '../outgoing/target.js';

/** Dependencies for checking the target of requests and encrypting its authorization. */
export interface OutgoingParts {
  readonly policy: OutgoingPolicy;
  readonly openBox: () => Promise<SecretBox>;
}

/**
 * @param addresses by their JSON pointers. @throws StrataError forbidden_target naming the addresses that are not
 * allowed
 */
export function checkAddresses(addresses: Readonly<Record<string, string>>, policy: OutgoingPolicy): void {
  const errors = Object.entries(addresses).flatMap(([pointer, url]) => problemOf(pointer, url, policy));
  if (errors.length > 0) throw new StrataError('forbidden_target', undefined, { errors });
}

function problemOf(pointer: string, url: string, policy: OutgoingPolicy): FieldError[] {
  try {
    checkTarget(url, policy);
    return [];
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error;
    return [{ pointer, message: `The URL ${error.message}.` }];
  }
}
