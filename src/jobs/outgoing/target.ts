import { isIP } from 'node:net';
import { isPublicAddress } from './address.js';

/** Exceptions by the operator from the rule "public internet over TLS". */
export interface OutgoingPolicy {
  /** Host names and addresses, in lower case, that may be private and may use plain HTTP. */
  readonly allowedHosts: readonly string[];
}

/** A request that was rejected or aborted. The message is meant for the user who gave the URL. */
export class OutgoingError extends Error {}

/** The host of a URL as in policies and sockets: without brackets, in lower case. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
}

export function isAllowed(host: string, policy: OutgoingPolicy): boolean {
  return policy.allowedHosts.includes(host);
}

/** @returns the parsed URL. @throws OutgoingError for a URL that is never allowed, whatever its name resolves to */
export function checkTarget(text: string, policy: OutgoingPolicy): URL {
  if (!URL.canParse(text)) throw new OutgoingError('is not a URL');
  const url = new URL(text);
  const host = hostOf(url);
  const allowed = isAllowed(host, policy);
  if (url.username || url.password) throw new OutgoingError('must not contain a user or a password');
  if (url.protocol !== 'https:' && !(allowed && url.protocol === 'http:'))
    throw new OutgoingError('must begin with https://');
  if (isIP(host) && !allowed && !isPublicAddress(host)) throw notPublic(host);
  return url;
}

export function notPublic(host: string): OutgoingError {
  return new OutgoingError(`points to ${host}, which is not on the public internet`);
}
