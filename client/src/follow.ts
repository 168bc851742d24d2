import { readMessages } from './event-stream.js';
import type { components } from './generated/openapi.js';
import type { Connection } from './http.js';
import { problemOf } from './problem.js';
import { backoffMs, isPassing, pause, waitMs } from './retry.js';

type Event = components['schemas']['Event'];

export interface FollowOptions {
  /** Only events with a greater seq; 0, all of them, where absent. */
  readonly after?: number;
  readonly signal?: AbortSignal;
}

/**
 * A job's events, the stored ones first, until its last. A connection that is lost, and a server that is away, are waited
 * for; what was missed meanwhile comes after. @throws StrataProblem for an answer that will not change, like not_found
 */
export async function* followJob(
  connection: Connection,
  jobId: string,
  { after = 0, signal }: FollowOptions = {},
): AsyncGenerator<Event> {
  let seq = after;
  let failures = 0;
  while (!signal?.aborted) {
    try {
      const body = await open(connection, jobId, seq, signal);
      if (body === null) return;
      for await (const { data } of readMessages(body)) {
        const event = JSON.parse(data) as Event;
        // A proxy may send again what it holds.
        if (event.seq <= seq) continue;
        seq = event.seq;
        failures = 0;
        yield event;
      }
      // The stream ended well or was cut: asking again tells, by 204. One that brings nothing is not asked for at once.
      if (failures > 0) await pause(backoffMs(failures), signal);
      failures += 1;
    } catch (error) {
      if (signal?.aborted) return;
      if (!isPassing(error)) throw error;
      await pause(waitMs(error, failures), signal);
      failures += 1;
    }
  }
}

/** @returns null when the job has ended and nothing is left to send */
async function open(
  { url, headers, fetch }: Connection,
  jobId: string,
  seq: number,
  signal: AbortSignal | undefined,
): Promise<ReadableStream<Uint8Array> | null> {
  const response = await fetch(`${url}/jobs/${encodeURIComponent(jobId)}/events`, {
    headers: { ...headers, accept: 'text/event-stream', 'last-event-id': String(seq) },
    ...(signal && { signal }),
  });
  if (response.status === 204) return null;
  if (!response.ok || response.body === null) throw await problemOf(response);
  return response.body;
}
