import type { Config } from './config.js';

export const DEFAULT_URL = 'http://127.0.0.1:3000';

/** The server to ask, and the key for it. */
export interface Target {
  readonly url: string;
  readonly apiKey: string | undefined;
  /** Source of the key; null without one. */
  readonly keyFrom: 'STRATA_API_KEY' | 'strata login' | null;
}

/** `--url`, then STRATA_URL, then the saved one. A saved key is sent to the server that it was saved for, and no other. */
export function targetOf(
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  config: Config,
): Target {
  const url = tidy(given ?? (environment.STRATA_URL || config.url || DEFAULT_URL));
  const own = environment.STRATA_API_KEY;
  if (own) return { url, apiKey: own, keyFrom: 'STRATA_API_KEY' };
  const saved = tidy(config.url ?? DEFAULT_URL) === url ? config.api_key : undefined;
  return { url, apiKey: saved, keyFrom: saved === undefined ? null : 'strata login' };
}

/** The id of a key, which is no secret. */
export function keyIdOf(apiKey: string | undefined): string | undefined {
  const [, id] = /^strata_([0-9a-f]+)_/.exec(apiKey ?? '') ?? [];
  return id === undefined ? undefined : `key_${id}`;
}

function tidy(url: string): string {
  return url.replace(/\/+$/, '');
}
