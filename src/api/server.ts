import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { parseSettings, type Settings } from '../contract/settings.js';
import { createJobsService } from '../jobs/client.js';
import { buildApp } from './app.js';

const LOOPBACK = /^(127\.|::1$|localhost$)/;

/** The API's process: listens until SIGTERM or SIGINT, and tells its parent when it is ready. */
async function main(): Promise<void> {
  const settings = parseSettings(process.env);
  const service = await createJobsService({ ...serversOf(settings), blobUrl: settings.blobUrl });
  const app = await buildApp(service, { logLevel: settings.logLevel });
  // Fastify closes it after the last request, whoever closes the app.
  app.addHook('onClose', () => service.close());
  stopOnSignal(app);
  const url = await app.listen({ host: settings.host, port: settings.port });
  if (!LOOPBACK.test(settings.host)) {
    app.log.warn(`HOST is ${settings.host}, and there are no keys yet: whoever reaches ${url} may use it`);
  }
  const { port } = app.server.address() as AddressInfo;
  process.send?.({ type: 'ready', url, port });
}

function serversOf({ databaseUrl, redisUrl }: Settings): { databaseUrl: string; redisUrl: string } {
  if (databaseUrl === undefined || redisUrl === undefined) {
    throw new Error(
      'The API needs DATABASE_URL and REDIS_URL; `npm start` provides both and starts every process.',
    );
  }
  return { databaseUrl, redisUrl };
}

function stopOnSignal(app: FastifyInstance): void {
  const stop = async () => {
    await app.close();
    // The channel to the parent would keep the process alive.
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
