import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { StrataError } from '../../contract/errors.js';

const PREFIX = '/ui';

/** The pages load scripts, styles and data of this server only, and run no code from strings. */
export const DASHBOARD_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "font-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const ONE_YEAR_S = 31_536_000;

/**
 * Serves the dashboard at /ui/. Every path below it that is no file is a view, whose address the page itself reads.
 * @param folder of the compiled dashboard
 */
export async function serveDashboard(app: FastifyInstance, folder: string): Promise<void> {
  app.get('/', async (_, reply) => reply.redirect(`${PREFIX}/`));
  app.get(PREFIX, async (_, reply) => reply.redirect(`${PREFIX}/`));
  if (!existsSync(join(folder, 'index.html'))) {
    app.get(`${PREFIX}/*`, async () => {
      throw new StrataError('not_found', 'The dashboard has not been compiled. `npm start` compiles it.');
    });
    return;
  }
  await app.register(async (scope) => {
    scope.addHook('onRequest', async (_, reply) => {
      reply.header('content-security-policy', DASHBOARD_POLICY);
    });
    await scope.register(fastifyStatic, {
      root: join(folder, 'assets'),
      prefix: `${PREFIX}/assets/`,
      // Their names contain the hash of their contents.
      immutable: true,
      maxAge: ONE_YEAR_S * 1000,
      decorateReply: false,
    });
    await scope.register(fastifyStatic, { root: folder, serve: false });
    scope.get(`${PREFIX}/*`, async (_, reply) =>
      reply.sendFile('index.html', { maxAge: 0, cacheControl: true }),
    );
  });
}
