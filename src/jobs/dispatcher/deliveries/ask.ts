import type { OutgoingAnswer } from '../../outgoing/send.js';

/**
 * Sends a request to the tracker's API; `path` begins with a slash. @throws OutgoingError without a response.
 * Throws also if another sender has taken over the export.
 */
export type Ask = (method: 'GET' | 'POST', path: string, body?: object) => Promise<OutgoingAnswer>;
