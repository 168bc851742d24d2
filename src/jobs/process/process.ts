import { type Logger, pino } from 'pino';
import { PRIVATE_UMASK } from '../../contract/private-files.js';
import { parseSettings, type Settings } from '../../contract/settings.js';
import { STOP_MS } from './limits.js';

export type Log = Pick<Logger, 'info' | 'warn' | 'error'>;

/** Settings of the dispatcher and the worker. The service passes both URLs. */
export interface ProcessSettings extends Settings {
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

/** @throws Error if a URL is not set: these processes never start servers of their own */
export function processSettings(env: NodeJS.ProcessEnv): ProcessSettings {
  const settings = parseSettings(env);
  const { databaseUrl, redisUrl } = settings;
  if (!databaseUrl || !redisUrl) {
    throw new Error('DATABASE_URL and REDIS_URL must be set. `npm start` starts local servers and sets both');
  }
  return { ...settings, databaseUrl, redisUrl };
}

export function createLog(name: string, settings: Settings): Log {
  return pino({ name, level: settings.logLevel });
}

/**
 * Runs one process of the service: starts it, tells the parent, and stops it on SIGTERM or SIGINT. It exits within
 * `STOP_MS` in any case, because it may wait for a server that is down. Its trainers end with it, and Postgres has
 * all other state.
 */
export async function runProcess(log: Log, start: () => Promise<{ stop(): Promise<void> }>): Promise<void> {
  process.umask(PRIVATE_UMASK);
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    const leave = (error: unknown): void => {
      log.error({ err: error }, 'the process did not stop cleanly');
      process.exit(1);
    };
    setTimeout(leave, STOP_MS, new Error(`the process did not stop within ${STOP_MS / 1000} s`)).unref();
    // The caller hears of a start that fails.
    await starting.then(
      (running) => running.stop().catch(leave),
      () => undefined,
    );
    // An IPC channel to the parent would keep this process alive.
    if (process.connected) process.disconnect();
  };
  // Before the start: the first process of a container loses signals that nobody has asked for.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  // The parent is gone, so nobody else would stop this process.
  process.on('disconnect', stop);
  const starting = start();
  await starting;
  if (stopping) return;
  process.send?.({ type: 'ready' });
  log.info('ready');
}
