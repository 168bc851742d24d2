import { isIPv4 } from 'node:net';

/** Whether an address, or the name in a Host header, refers to this machine only. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'));
}

/**
 * Whether a request comes from this machine under one of its own names, and not from a page of another site in a
 * browser. Both headers are checked: another site can resolve its name to this machine (DNS rebinding), and can
 * send a form to any address.
 */
export function isLocalCaller(headers: { host?: string | undefined; origin?: string | undefined }): boolean {
  const { host = '', origin } = headers;
  if (!isLoopback(hostnameOf(host))) return false;
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
}

/** Host name in a Host header; undefined if the header is invalid. */
function hostnameOf(host: string): string {
  try {
    return new URL(`http://${host}`).hostname;
  } catch {
    return '';
  }
}
