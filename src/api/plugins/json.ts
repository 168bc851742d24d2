import type { FastifyInstance } from 'fastify';
import { StrataError } from '../../contract/errors.js';

/** JSON is the only body taken. An empty one counts as none; a malformed one is told where reading it stopped. */
export function parseJsonOnly(app: FastifyInstance): void {
  // A text/plain body would skip the contract's validation.
  app.removeContentTypeParser(['text/plain', 'application/json']);
  const parse = app.getDefaultJsonParser('remove', 'remove');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = body.toString();
    if (text.trim() === '') return done(null, undefined);
    parse(request, text, (error, value) => {
      done(error && new StrataError('malformed_json', whatStops(text)), value);
    });
  });
}

function whatStops(text: string): string {
  try {
    JSON.parse(text);
    return 'The body holds a key that is not allowed.';
  } catch (error) {
    return `The body is not JSON: ${error instanceof Error ? error.message : error}.`;
  }
}
