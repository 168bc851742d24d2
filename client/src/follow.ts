import { readMessages } from './event-stream.js';
import type { components } from './generated/openapi.js';
import type { Connection } from './http.js';
import { problemOf } from './problem.js';
import { backoffMs, isPassing, pause, waitMs } from './retry.js';

type Event = components['schemas']['Event'];
export type TenantEvent = components['schemas']['TenantEvent'];
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

export interface FollowEventsOptions {
  /** Only events of these types; absent: all of them. */
  readonly types?: readonly string[];
  readonly signal?: AbortSignal;
  /** Called for everything that the server sends, also if it is no event: it is alive then. */
  readonly onAlive?: () => void;
}

/**
 * Yields the events of all jobs of the tenant, those of the last minute first. It has no end, reconnects like
 * `followJob`, and yields an event once.
 */
export async function* followEvents(
  connection: Connection,
  { types = [], signal, onAlive }: FollowEventsOptions = {},
): AsyncGenerator<TenantEvent> {
  const query = new URLSearchParams(types.map((type): [string, string] => ['types', type]));
  const seen = new Map<string, number>();
  let lastId: string | null = null;
  let failures = 0;
  while (!signal?.aborted) {
    try {
      const body = await open(connection, `/events?${query}`, lastId, signal);
      if (body === null) return;
      for await (const { id, data } of readMessages(body, onAlive)) {
        failures = 0;
        lastId = id;
        const event = JSON.parse(data) as TenantEvent;
        if (event.seq <= (seen.get(event.job_id) ?? 0)) continue;
        seen.set(event.job_id, event.seq);
        yield event;
      }
      await pause(backoffMs(failures), signal);
    } catch (error) {
      if (signal?.aborted) return;
      if (!isPassing(error)) throw error;
      await pause(waitMs(error, failures), signal);
    }
    failures += 1;
  }
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
      const body = await open(connection, path, String(seq), signal);
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
  lastId: string | null,
  signal: AbortSignal | undefined,
): Promise<ReadableStream<Uint8Array> | null> {
  const response = await fetch(`${url}${path}`, {
    headers: {
      ...headers,
      accept: 'text/event-stream',
      ...(lastId !== null && { 'last-event-id': lastId }),
    },
    ...(signal && { signal }),
  });
  if (response.status === 204) return null;
  if (!response.ok || response.body === null) throw await problemOf(response);
  return response.body;
}
