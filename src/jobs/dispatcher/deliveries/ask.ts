import { type OutgoingAnswer, sendRequest } from '../../outgoing/send.js';
import { forPurpose, type OutgoingPolicy } from '../../outgoing/target.js';

/**
 * Sends a request with JSON to an API; `path` begins with a slash. @throws OutgoingError without a response.
 * Throws also if another sender has taken over.
 */
export type Ask = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<OutgoingAnswer>;

const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

export interface AskOptions {
  /** Address of the API, with or without slashes at its end. */
  readonly base: string;
  readonly userAgent: string;
  /** Value of the header `Authorization`. */
  readonly authorization: string | null;
  readonly policy: OutgoingPolicy;
  readonly purpose: Parameters<typeof forPurpose>[1];
  /** Called before every request: throws if it must not be sent. */
  readonly check: () => void;
}

export function openAsk({ base, userAgent, authorization, policy, purpose, check }: AskOptions): Ask {
  const headers = {
    'content-type': 'application/json',
    'user-agent': userAgent,
    ...(authorization && { authorization }),
  };
  return async (method, path, body) => {
    check();
    const request = { method, headers, timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER_BYTES };
    const sent = body === undefined ? request : { ...request, body: JSON.stringify(body) };
    return sendRequest(base.replace(/\/+$/, '') + path, sent, forPurpose(policy, purpose));
  };
}
