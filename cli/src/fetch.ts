import { networkCause } from './errors.js';
import { fetchOverHttp } from './http-fetch.js';

/** Told when the server stops answering, and when it answers again. */
export interface ConnectionWatch {
  lost(cause: string): void;
  found(): void;
}

export interface WatchedFetch {
  readonly fetch: typeof fetch;
  /** From now on, `watch` is told. */
  watch(watch: ConnectionWatch): void;
}

/** Longest wait for the beginning of an answer to a question. */
const ANSWER_MS = 60_000;

/** fetch that ends when `deadline` fires, and that tells of lost connections: the client itself only tries again. */
export function watchedFetch(deadline: AbortSignal): WatchedFetch {
  let watch: ConnectionWatch | undefined;
  let isLost = false;
  const ask: typeof fetch = async (input, init) => {
    const own = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    const silence = new AbortController();
    const method = init?.method ?? (input instanceof Request ? input.method : 'GET');
    const timer = method === 'GET' ? setTimeout(() => silence.abort(noAnswer()), ANSWER_MS) : undefined;
    try {
      const signal = AbortSignal.any([deadline, silence.signal, ...(own ? [own] : [])]);
      const response = await fetchOverHttp(input, { ...init, signal });
      if (isLost) watch?.found();
      isLost = false;
      return response;
    } catch (error) {
      const cause = networkCause(error);
      if (cause !== null && !isLost) watch?.lost(cause);
      if (cause !== null) isLost = true;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };
  return { fetch: ask, watch: (next) => (watch = next) };
}

/** As fetch says that a server cannot be reached. */
function noAnswer(): TypeError {
  return new TypeError('fetch failed', { cause: new Error(`no answer within ${ANSWER_MS / 1000} s`) });
}
