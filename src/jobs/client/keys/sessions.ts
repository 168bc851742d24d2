import type { SecretBox } from '../../outgoing/secret-box.js';

/** Time after which a browser signs in again. */
export const SESSION_MS = 12 * 3_600_000;

/** Secrets of other purposes are sealed for other owners. */
const OWNER = 'session';

/** An API key on loan to a browser. */
export interface Session {
  readonly key: string;
  readonly expiresAt: Date;
}

/**
 * Sessions of browsers. The text of one is the API key and the end of the session, encrypted with the key of the
 * service. So nothing is stored, each API process can open it, also after a restart, and revoking the API key ends it.
 */
export interface Sessions {
  /** @returns the text of a new session with this key */
  sealSession(key: string): Promise<{ readonly text: string; readonly expiresAt: Date }>;
  /** @returns null for a session that has ended, and for a text that this service has not sealed */
  openSession(text: string): Promise<Session | null>;
}

/** @param nowMs Unix time */
export function openSessions(openBox: () => Promise<SecretBox>, nowMs: () => number): Sessions {
  return {
    async sealSession(key) {
      const endMs = nowMs() + SESSION_MS;
      return { text: (await openBox()).seal(`${endMs} ${key}`, OWNER), expiresAt: new Date(endMs) };
    },
    async openSession(text) {
      const [end, key] = unseal(await openBox(), text)?.split(' ') ?? [];
      if (key === undefined || Number(end) <= nowMs()) return null;
      return { key, expiresAt: new Date(Number(end)) };
    },
  };
}

/** Anybody can send any text, and other services on this host have the same cookies. */
function unseal(box: SecretBox, text: string): string | null {
  try {
    return box.open(text, OWNER);
  } catch {
    return null;
  }
}
