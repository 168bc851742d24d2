import type { IncomingHttpHeaders } from 'node:http';
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

/** Headers that a proxy adds. Their values can be forged, so only their presence counts. */
const PROXY_HEADERS = ['forwarded', 'via', 'x-real-ip', 'x-client-ip', 'true-client-ip', 'cf-connecting-ip'];

/**
 * The sign that a request came through a proxy on this machine, behind which anybody may be; null without a sign. nginx
 * sends HTTP/1.0 to the servers behind it unless it is configured otherwise.
 */
export function proxySign(headers: IncomingHttpHeaders, httpVersion: string): string | null {
  const names = Object.keys(headers);
  const name = names.find((each) => each.startsWith('x-forwarded-') || PROXY_HEADERS.includes(each));
  if (name !== undefined) return `the header \`${name}\``;
  return httpVersion === '1.0' ? 'HTTP/1.0' : null;
}

/** Host name in a Host header; undefined if the header is invalid. */
function hostnameOf(host: string): string {
  try {
    return new URL(`http://${host}`).hostname;
  } catch {
    return '';
  }
}
