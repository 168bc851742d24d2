import type { FastifyInstance } from 'fastify';
import { StrataError } from '../../contract/errors.js';

/** A closing server waits this long for requests in progress. */
const CLOSE_GRACE_MS = 5_000;

/**
 * While the server closes, rejects new requests on open connections with a problem response. Fastify's own response
 * (`return503OnClosing`) would not match the contract. After a while the open connections are closed.
 */
export function refuseWhileClosing(app: FastifyInstance): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
    setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS).unref();
  });
  app.addHook('onRequest', async () => {
    if (closing)
      throw new StrataError('unavailable', 'This API process is shutting down. Repeat the request.');
  });
}
