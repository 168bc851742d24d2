import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { StrataError } from '../../contract/errors.js';
import { DASHBOARD_POLICY } from './dashboard.js';

const PREFIX = '/guide';

/**
 * Serves README.md and docs/ as pages at /guide/, under the policy of the dashboard.
 * @param folder of the compiled guide
 */
export async function serveGuide(app: FastifyInstance, folder: string): Promise<void> {
  app.get(PREFIX, async (_, reply) => reply.redirect(`${PREFIX}/`));
  if (!existsSync(join(folder, 'index.html'))) {
    app.get(`${PREFIX}/*`, async () => {
      throw new StrataError('not_found', 'The guide has not been compiled. `npm start` compiles it.');
    });
    return;
  }
  await app.register(async (scope) => {
    scope.addHook('onRequest', async (_, reply) => {
      reply.header('content-security-policy', DASHBOARD_POLICY);
    });
    await scope.register(fastifyStatic, {
      root: folder,
      prefix: `${PREFIX}/`,
      decorateReply: false,
      maxAge: 0,
    });
  });
}
