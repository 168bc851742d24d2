import type { OutgoingAnswer } from '../../outgoing/send.js';

/** Asks a tracker's API: `path` begins with a slash. @throws OutgoingError without an answer, and ends where another sender has taken over */
export type Ask = (method: 'GET' | 'POST', path: string, body?: object) => Promise<OutgoingAnswer>;
