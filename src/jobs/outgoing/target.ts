import { isIP } from 'node:net';
import { isPublicAddress } from './address.js';

/** Exceptions by the operator from the rule "public internet over TLS". */
export interface OutgoingPolicy {
  /**
   * Hosts that may be private and may use plain HTTP, in lower case: `host`, `host:port`, and either with `purpose=`
   * before it. Without a port or a purpose, an entry holds for all of them.
   */
  readonly allowedHosts: readonly string[];
  /** Use of the request. Absent: entries for one purpose do not count. */
  readonly purpose?: Purpose;
}

export type Purpose = 'webhook' | 'tracker' | 'dataset' | 'push';

export function forPurpose({ allowedHosts }: OutgoingPolicy, purpose: Purpose): OutgoingPolicy {
  return { allowedHosts, purpose };
}

/** A request that was rejected or aborted. The message is meant for the user who gave the URL. */
export class OutgoingError extends Error {}

/** The host of a URL as in policies and sockets: without brackets, in lower case. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
}

export function isAllowed(url: URL, { allowedHosts, purpose }: OutgoingPolicy): boolean {
  const host = hostOf(url);
  const port = url.port || DEFAULT_PORTS[url.protocol];
  const name = isIP(host) === 6 ? `[${host}]` : host;
  const places = [host, name, `${name}:${port}`];
  const allowed = purpose ? [...places, ...places.map((place) => `${purpose}=${place}`)] : places;
  return allowedHosts.some((entry) => allowed.includes(entry));
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** @returns the parsed URL. @throws OutgoingError for a URL that is never allowed, whatever its name resolves to */
export function checkTarget(text: string, policy: OutgoingPolicy): URL {
  if (!URL.canParse(text)) throw new OutgoingError('is not a URL');
  const url = new URL(text);
  const host = hostOf(url);
  const allowed = isAllowed(url, policy);
  if (url.username || url.password) throw new OutgoingError('must not contain a user or a password');
  if (url.protocol !== 'https:' && !(allowed && url.protocol === 'http:'))
    throw new OutgoingError('must begin with https://');
  if (isIP(host) && !allowed && !isPublicAddress(host)) throw notPublic(host);
  return url;
}

function notPublic(host: string): OutgoingError {
  return new OutgoingError(`points to ${host}, which is not on the public internet`);
}

/** The same words for a name that does not exist and for one of our own network: nobody learns which names exist there. */
export function noPublicHost(name: string, cause?: unknown): OutgoingError {
  return new OutgoingError(`points to ${name}, a name that leads to no host on the public internet`, {
    cause,
  });
}
