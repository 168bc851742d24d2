import type { FastifyInstance } from 'fastify';
import { StrataError } from '../../contract/errors.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Media types of bodies that the operation takes. */
    mediaTypes?: readonly string[];
  }
}

const IMAGES = ['image/png', 'image/jpeg', 'image/webp'];

/** Hands image files on as their bytes, to operations whose contract takes them and to no others. */
export function takeImages(app: FastifyInstance): void {
  app.addContentTypeParser(IMAGES, { parseAs: 'buffer' }, (request, body, done) => {
    const taken = request.routeOptions.config.mediaTypes ?? [];
    const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
    if (!taken.includes(type)) return done(new StrataError('unsupported_media_type'));
    // An empty one counts as none, as an empty JSON body does.
    done(null, body.length === 0 ? undefined : body);
  });
}
