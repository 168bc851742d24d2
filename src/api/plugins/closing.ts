import type { FastifyInstance } from 'fastify';
import { StrataError } from '../../contract/errors.js';

/** A closing server lets requests in progress end for so long. */
const CLOSE_GRACE_MS = 5_000;

/**
 * While the server closes, refuses what still comes on connections that have a request in progress, as a problem; Fastify's own
 * answer (`return503OnClosing`) would be in other words than the contract's. After a while those connections are cut.
 */
export function refuseWhileClosing(app: FastifyInstance): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
    setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS).unref();
  });
  app.addHook('onRequest', async () => {
    if (closing) throw new StrataError('unavailable', 'This process of the API is shutting down.');
  });
}
