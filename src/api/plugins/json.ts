import type { FastifyInstance } from 'fastify';
import { StrataError } from '../../contract/errors.js';
import { partsOf } from '../http/json-parts.js';

/** Parses JSON bodies. An empty body counts as no body. The error for malformed JSON names the position. */
export function parseJson(app: FastifyInstance): void {
  // A text/plain body would skip the validation of the contract.
  app.removeContentTypeParser(['text/plain', 'application/json']);
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = body.toString();
    if (text.trim() === '') return done(null, undefined);
    parse(request, text, (error, value) => {
      if (error) return done(reservedName(text) ?? new StrataError('malformed_json', whatStops(text)));
      if (LONE_SURROGATE.test(text) && !isWellFormed(value)) return done(notUnicode());
      done(null, value);
    });
  });
}

/** An escaped half of a surrogate pair. Databases and files cannot store it. */
const LONE_SURROGATE = /\\u[dD][89a-fA-F]/;

function isWellFormed(value: unknown): boolean {
  for (const [part, name] of partsOf(value)) {
    if (!isUnicode(name) || (typeof part === 'string' && !isUnicode(part))) return false;
  }
  return true;
}

// Node 20 has this method, but the configured TypeScript library does not declare it.
const isUnicode = (text: string): boolean => (text as string & { isWellFormed(): boolean }).isWellFormed();

function notUnicode(): StrataError {
  return new StrataError(
    'malformed_json',
    'The body contains half of a surrogate pair (an escape from `\\ud800` to `\\udfff`).',
  );
}

/** Names that reach every object's prototype: a store or a client that copies fields would lose or misuse them. */
function reservedName(text: string): StrataError | null {
  let pointer: string | null;
  try {
    pointer = pointerToReserved(JSON.parse(text));
  } catch {
    return null;
  }
  if (pointer === null) return null;
  const message = 'Must have another name: this one is reserved in JavaScript.';
  return new StrataError('invalid_request', undefined, { errors: [{ in: 'body', pointer, message }] });
}

function pointerToReserved(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, child] of Object.entries(value)) {
    if (key === '__proto__' || key === 'constructor') return `/${key}`;
    const below = pointerToReserved(child);
    if (below !== null) return `/${key}${below}`;
  }
  return null;
}

function whatStops(text: string): string {
  try {
    JSON.parse(text);
    return 'The body contains a key that is not allowed.';
  } catch (error) {
    return `The body is not JSON: ${error instanceof Error ? error.message : error}.`;
  }
}
