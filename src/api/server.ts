import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { PRIVATE_UMASK } from '../contract/private-files.js';
import { parseSettings, type Settings } from '../contract/settings.js';
import { createJobsService } from '../jobs/client/service.js';
import { openTracing } from '../tracing/tracing.js';
import { buildApp } from './app.js';
import { isLoopback } from './http/local-caller.js';

/** The API process: listens until SIGTERM or SIGINT, and tells its parent when it is ready. */
async function main(): Promise<void> {
  process.umask(PRIVATE_UMASK);
  const settings = parseSettings(process.env);
  const service = await createJobsService({ ...settings, ...serversOf(settings) });
  const loopback = isLoopback(settings.host);
  if (!loopback && (await service.isOpen())) throw new Error(needsKey(settings.host));
  const tracing = await openTracing(process.env, 'api');
  const app = await buildApp(service, {
    tracing,
    logLevel: settings.logLevel,
    loopback,
    requestsPerMinute: settings.requestsPerMinute,
    resumable: {
      blobUrl: settings.blobUrl,
      folder: join(settings.home, 'uploads'),
      limitBytes: settings.uploadLimitBytes,
      reserveBytes: settings.diskReserveBytes,
    },
  });
  // Fastify runs this after the last request, whoever closes the app.
  app.addHook('onClose', async () => {
    await service.close();
    await tracing.close();
  });
  stopOnSignal(app);
  const url = await app.listen({ host: settings.host, port: settings.port });
  if (await service.isOpen()) {
    app.log.warn(
      `There are no API keys: everybody on this machine can use ${url}. Once the first key exists, every request needs a key.`,
    );
  }
  const { port } = app.server.address() as AddressInfo;
  process.send?.({ type: 'ready', url, port });
}

function needsKey(host: string): string {
  return (
    `HOST is ${host}, which other machines can reach, and there is no API key. Create a key first with ` +
    '`npm run api-key -- create --name <name>`, or listen on 127.0.0.1.'
  );
}

function serversOf({ databaseUrl, redisUrl }: Settings): { databaseUrl: string; redisUrl: string } {
  if (databaseUrl === undefined || redisUrl === undefined) {
    throw new Error(
      'The API needs DATABASE_URL and REDIS_URL. `npm start` provides both and starts every process.',
    );
  }
  return { databaseUrl, redisUrl };
}

/**
 * By then requests have ended, or wait for something that does not respond. Service managers kill a process after
 * 30 s.
 */
const STOP_MS = 27_000;

function stopOnSignal(app: FastifyInstance): void {
  const stop = async () => {
    setTimeout(() => process.exit(1), STOP_MS).unref();
    await app.close();
    // The open channel to the parent would keep the process alive.
    if (process.connected) process.disconnect();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.once('disconnect', stop);
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
