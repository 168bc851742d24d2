import { createClient, type StrataClient } from '../../client/src/index.js';
import { type Config, readConfig } from './config.js';
import { CliError, EXIT } from './exit.js';
import { type ConnectionWatch, watchedFetch } from './fetch.js';
import { Output } from './output.js';
import { type Target, targetOf } from './target.js';

/** The options that every command takes. */
export interface Globals {
  readonly url?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly timeout?: number;
}

/** Everything that a command works with. */
export interface Context {
  readonly strata: StrataClient;
  readonly target: Target;
  readonly config: Config;
  readonly out: Output;
  readonly environment: NodeJS.ProcessEnv;
  /** Seconds of `--timeout`. */
  readonly timeout: number | undefined;
  /** Fires when they are over. */
  readonly deadline: AbortSignal;
  watchConnection(watch: ConnectionWatch): void;
}

export async function openContext({ url, json, quiet, timeout }: Globals): Promise<Context> {
  const environment = process.env;
  const config = await readConfig(environment);
  const target = targetOf(url, environment, config);
  if (!/^https?:\/\/[^/]/.test(target.url) || !URL.canParse(target.url))
    throw new CliError(
      EXIT.usage,
      `'${target.url}' is not the address of a server.`,
      'An address is like http://127.0.0.1:3000.',
    );
  const deadline = new AbortController();
  if (timeout !== undefined) setTimeout(() => deadline.abort(new TimedOut(timeout)), timeout * 1000).unref();
  const { fetch, watch } = watchedFetch(deadline.signal);
  return {
    strata: createClient({ url: target.url, apiKey: target.apiKey, fetch }),
    target,
    config,
    out: new Output({ json: json ?? false, quiet: quiet ?? false }),
    environment,
    timeout,
    deadline: deadline.signal,
    watchConnection: watch,
  };
}

/** The time of `--timeout` is over. */
export class TimedOut extends CliError {
  constructor(seconds: number) {
    super(EXIT.notReached, `The server did not answer within ${seconds} s (--timeout).`);
  }
}
