import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/** An answer of the API is data: should a browser take one for a page, it may load, run and frame nothing. */
const NOTHING = {
  defaultSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

/** Of pages: nothing from elsewhere. Swagger UI and bull-board style some elements inline. */
export const PAGE_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Headers that keep browsers from misusing answers. Pages (Swagger UI) bring a policy of their own. */
export async function protectBrowsers(app: FastifyInstance): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: NOTHING },
    referrerPolicy: { policy: 'no-referrer' },
  });
}
