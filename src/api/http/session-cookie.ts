import type { IncomingHttpHeaders } from 'node:http';

const NAME = 'strata_session';

/** Scripts cannot read it, and pages of other sites do not send it. */
const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Strict';

/** The session in a request. */
export function sessionOf({ cookie = '' }: IncomingHttpHeaders): string | undefined {
  const prefix = `${NAME}=`;
  const pair = cookie.split(';').find((each) => each.trim().startsWith(prefix));
  return pair && decodeURIComponentSafely(pair.trim().slice(prefix.length));
}

function decodeURIComponentSafely(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The Set-Cookie header of a session. @param isSecure whether the browser uses https, over which alone it then goes */
export function sessionCookie(text: string, expiresAt: Date, isSecure: boolean): string {
  const value = `${NAME}=${encodeURIComponent(text)}; Expires=${expiresAt.toUTCString()}`;
  return `${value}; ${ATTRIBUTES}${isSecure ? '; Secure' : ''}`;
}

/** The Set-Cookie header that removes the session. */
export function noSessionCookie(): string {
  return `${NAME}=; Max-Age=0; ${ATTRIBUTES}`;
}

/** Whether a proxy says that the browser uses https. A forged header adds a restriction to the forger's own cookie. */
export function isSecure(protocol: string, headers: IncomingHttpHeaders): boolean {
  const forwarded = headers['x-forwarded-proto'] ?? '';
  const proto = /(^|[;,\s])proto="?https/i.test(headers.forwarded ?? '');
  return protocol === 'https' || proto || /^\s*https\s*(,|$)/i.test(String(forwarded));
}
