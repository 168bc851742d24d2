import type { FastifyInstance } from 'fastify';
import { StrataError } from '../../contract/errors.js';

/** Refuses compressed bodies: unpacked, a few bytes may be gigabytes, and read as they are they look like broken JSON. */
export function refuseCompressedBodies(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ headers }) => {
    const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
    if (encoding === '' || encoding === 'identity') return;
    const detail = `The body is sent with \`Content-Encoding: ${encoding}\`; send it as it is, without that header.`;
    // RFC 9110, section 15.5.16: tells which encodings would do.
    throw new StrataError('unsupported_media_type', detail, { headers: { 'accept-encoding': 'identity' } });
  });
}
