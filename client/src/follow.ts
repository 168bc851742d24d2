import { readMessages } from './event-stream.js';
import type { components } from './generated/openapi.js';
import type { Connection } from './http.js';
import { problemOf } from './problem.js';
import { backoffMs, isPassing, pause, waitMs } from './retry.js';

type Event = components['schemas']['Event'];
type LogLine = components['schemas']['LogLine'];

export interface FollowOptions {
  /** Only events (or lines of a log) with a greater seq. Absent: 0, all of them. */
  readonly after?: number;
  readonly signal?: AbortSignal;
}

/**
 * Yields the events of a job until its last one, the stored ones first. It reconnects after a lost connection and
 * waits for a server that is down; it then continues after the last received event. @throws StrataProblem for an
 * error that a retry cannot fix, like not_found
 */
export function followJob(
  connection: Connection,
  jobId: string,
  options: FollowOptions = {},
): AsyncGenerator<Event> {
  return followStream<Event>(connection, `/jobs/${encodeURIComponent(jobId)}/events`, options);
}

/** Yields the lines that the trainers of a job print, until the job has ended, like `followJob`. */
export function followLog(
  connection: Connection,
  jobId: string,
  { task, ...options }: FollowOptions & { readonly task?: string } = {},
): AsyncGenerator<LogLine> {
  const query = task === undefined ? '' : `?${new URLSearchParams({ task })}`;
  return followStream<LogLine>(connection, `/jobs/${encodeURIComponent(jobId)}/logs${query}`, options);
}

async function* followStream<T extends { readonly seq: number }>(
  connection: Connection,
  path: string,
  { after = 0, signal }: FollowOptions,
): AsyncGenerator<T> {
  let seq = after;
  let failures = 0;
  while (!signal?.aborted) {
    try {
      const body = await open(connection, path, seq, signal);
      if (body === null) return;
      for await (const { data } of readMessages(body)) {
        const item = JSON.parse(data) as T;
        // A proxy may repeat events that it has buffered.
        if (item.seq <= seq) continue;
        seq = item.seq;
        failures = 0;
        yield item;
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
  path: string,
  seq: number,
  signal: AbortSignal | undefined,
): Promise<ReadableStream<Uint8Array> | null> {
  const response = await fetch(`${url}${path}`, {
    headers: { ...headers, accept: 'text/event-stream', 'last-event-id': String(seq) },
    ...(signal && { signal }),
  });
  if (response.status === 204) return null;
  if (!response.ok || response.body === null) throw await problemOf(response);
  return response.body;
}
