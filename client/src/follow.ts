import { readMessages } from './event-stream.js';
import type { components } from './generated/openapi.js';
import type { Connection } from './http.js';
import { problemOf } from './problem.js';
import { backoffMs, isPassing, pause, waitMs } from './retry.js';

type Event = components['schemas']['Event'];

export interface FollowOptions {
  /** Only events with a greater seq. Absent: 0, all events. */
  readonly after?: number;
  readonly signal?: AbortSignal;
}

/**
 * Yields the events of a job until its last one, the stored ones first. It reconnects after a lost connection and
 * waits for a server that is down; it then continues after the last received event. @throws StrataProblem for an
 * error that a retry cannot fix, like not_found
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
        // A proxy may repeat events that it has buffered.
        if (event.seq <= seq) continue;
        seq = event.seq;
        failures = 0;
        yield event;
      }
      // The stream ended or was cut off. The next request shows whether the job has ended (204). After a stream
      // without events, wait before the next request.
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
