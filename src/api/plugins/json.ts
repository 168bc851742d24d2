import type { FastifyInstance } from 'fastify';
import { StrataError } from '../../contract/errors.js';

/** JSON is the body of all operations. An empty one counts as none; a malformed one is told where reading it stopped. */
export function parseJson(app: FastifyInstance): void {
  // A text/plain body would skip the contract's validation.
  app.removeContentTypeParser(['text/plain', 'application/json']);
  const parse = app.getDefaultJsonParser('remove', 'remove');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = body.toString();
    if (text.trim() === '') return done(null, undefined);
    parse(request, text, (error, value) => {
      if (error) return done(new StrataError('malformed_json', whatStops(text)));
      if (LONE_SURROGATE.test(text) && !isWellFormed(value)) return done(notUnicode());
      done(null, value);
    });
  });
}

/** Half of a character, which only an escape can write: no database and no file holds it. */
const LONE_SURROGATE = /\\u[dD][89a-fA-F]/;

function isWellFormed(value: unknown): boolean {
  // Node 20 has the method; the library that TypeScript is told of does not.
  if (typeof value === 'string') return (value as string & { isWellFormed(): boolean }).isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, child]) => isWellFormed(key) && isWellFormed(child));
}

function notUnicode(): StrataError {
  return new StrataError(
    'malformed_json',
    'The body escapes half of a surrogate pair (`\\ud800` to `\\udfff`).',
  );
}

function whatStops(text: string): string {
  try {
    JSON.parse(text);
    return 'The body holds a key that is not allowed.';
  } catch (error) {
    return `The body is not JSON: ${error instanceof Error ? error.message : error}.`;
  }
}
