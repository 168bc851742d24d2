import type { IncomingHttpHeaders } from 'node:http';

const READING = ['GET', 'HEAD'];

/**
 * Whether a request that a browser sent with its cookies comes from a page of this server. Browsers say so themselves in
 * `Sec-Fetch-Site`, but not over plain HTTP to other hosts; there `Origin` is compared with `Host`, and a request that
 * changes something must have one. SameSite=Strict is not enough: another port of a host is the same site.
 */
export function isSameOrigin(method: string, headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  const isReading = READING.includes(method);
  // `none`: the user typed the address or opened a bookmark.
  if (site !== undefined) return site === 'same-origin' || (site === 'none' && isReading);
  const { origin, host = '' } = headers;
  if (origin === undefined) return isReading;
  return origin === `http://${host}` || origin === `https://${host}`;
}
