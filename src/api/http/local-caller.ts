import { isIPv4 } from 'node:net';

/** Whether an address, or the name in a Host header, leads to this machine only. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'));
}

/**
 * Whether a request comes from this machine by its own name, and not from a page of another site in somebody's
 * browser: a site's own name can be made to lead here (DNS rebinding), and a form can be sent anywhere.
 */
export function isLocalCaller(headers: { host?: string | undefined; origin?: string | undefined }): boolean {
  const { host = '', origin } = headers;
  if (!isLoopback(hostnameOf(host))) return false;
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
}

/** Of a Host header; none where it is no host. */
function hostnameOf(host: string): string {
  try {
    return new URL(`http://${host}`).hostname;
  } catch {
    return '';
  }
}
