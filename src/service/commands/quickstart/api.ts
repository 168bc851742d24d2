import { setTimeout as delay } from 'node:timers/promises';
import type { components } from '../../../contract/generated/openapi.js';
import { readEvents, type ServerSentEvent } from './event-stream.js';

export type Schemas = components['schemas'];

const RECONNECT_MS = 1000;

/** A client of the public API. The quickstart needs nothing besides HTTP. */
export class Api {
  constructor(
    readonly baseUrl: string,
    /** Needed when the server has keys. */
    private readonly key: string | undefined = process.env.STRATA_API_KEY,
  ) {}

  async get<T>(path: string): Promise<T> {
    return (await this.request(path)).json() as Promise<T>;
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    return (
      await this.request(path, { method: 'POST', headers, body: JSON.stringify(body) })
    ).json() as Promise<T>;
  }

  async download(path: string): Promise<Uint8Array> {
    return new Uint8Array(await (await this.request(path)).arrayBuffer());
  }

  /** Yields the events of a job from the first to the last, each once, over any number of lost connections. */
  async *follow(job: Schemas['Job'], signal: AbortSignal): AsyncGenerator<Schemas['Event']> {
    let last = '0';
    for (;;) {
      try {
        const headers = { accept: 'text/event-stream', 'last-event-id': last };
        const response = await this.request(job.links.events, { headers, signal });
        if (response.status === 204) return;
        for await (const event of readEvents(response.body)) {
          last = event.id;
          yield parseEvent(event);
        }
      } catch (error) {
        // The API may be restarting, so retry. An error response of the API itself would repeat.
        if (signal.aborted || error instanceof ProblemError) throw error;
        await delay(RECONNECT_MS, undefined, { signal });
      }
    }
  }

  private async request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.key) headers.set('authorization', `Bearer ${this.key}`);
    const response = await fetch(new URL(path, this.baseUrl), { ...init, headers });
    if (!response.ok) throw new ProblemError(path, response.status, await response.text());
    return response;
  }
}

/** An error response of the API. */
export class ProblemError extends Error {
  constructor(path: string, status: number, body: string) {
    super(`${path} answered ${status}: ${body}`);
  }
}

function parseEvent(event: ServerSentEvent): Schemas['Event'] {
  return JSON.parse(event.data) as Schemas['Event'];
}
