import type { FastifyInstance } from 'fastify';
import { StrataError } from '../../contract/errors.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Media types that the operation accepts as a body. */
    mediaTypes?: readonly string[];
  }
}

const IMAGES = ['image/png', 'image/jpeg', 'image/webp'];

/** Passes image files as bytes to operations whose contract accepts images, and to no others. */
export function takeImages(app: FastifyInstance): void {
  app.addContentTypeParser(IMAGES, { parseAs: 'buffer' }, (request, body, done) => {
    const taken = request.routeOptions.config.mediaTypes ?? [];
    const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
    if (!taken.includes(type)) return done(new StrataError('unsupported_media_type'));
    // An empty body counts as no body, as with JSON.
    done(null, body.length === 0 ? undefined : body);
  });
}
