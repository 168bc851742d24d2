import createFetchClient, { type Client } from 'openapi-fetch';
import type { paths } from './generated/openapi.js';
import { StrataProblem } from './problem.js';

export interface ClientOptions {
  /** Address of the API, like `http://127.0.0.1:3000`. */
  readonly url: string;
  /** `strata_<id>_<secret>`; a server on loopback may need none. */
  readonly apiKey?: string | undefined;
  /** Replacement for the global fetch, for example to add a proxy or a trace. */
  readonly fetch?: typeof fetch;
}

/** Every operation of the contract, typed. */
export type HttpClient = Client<paths>;

/** Everything that a request needs besides its path. */
export interface Connection {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
  readonly http: HttpClient;
}

export function connect({ url, apiKey, fetch: given }: ClientOptions): Connection {
  const base = url.replace(/\/+$/, '');
  const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  const send = given ?? globalThis.fetch.bind(globalThis);
  return {
    url: base,
    headers,
    fetch: send,
    http: createFetchClient<paths>({ baseUrl: base, headers, fetch: send }),
  };
}

/** Returns the body of a successful response. @throws StrataProblem */
export async function answered<T>(
  request: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<NonNullable<T>> {
  const { data, error, response } = await request;
  if (data !== undefined && data !== null) return data;
  throw problem(response, error);
}

/** Resolves if the response is a success without a body. @throws StrataProblem */
export async function emptied(request: Promise<{ error?: unknown; response: Response }>): Promise<void> {
  const { error, response } = await request;
  if (!response.ok) throw problem(response, error);
}

function problem(response: Response, error: unknown): StrataProblem {
  return new StrataProblem(response, typeof error === 'object' && error !== null ? error : {});
}
