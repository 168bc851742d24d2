import { Readable } from 'node:stream';

const LINES_A_CHUNK = 500;

/** A body with one JSON value per line, in chunks of some hundred lines. */
export function jsonLines(values: Iterable<object>): Readable {
  return Readable.from(chunks(values));
}

function* chunks(values: Iterable<object>): Generator<string> {
  let lines: string[] = [];
  for (const value of values) {
    lines.push(`${JSON.stringify(value)}\n`);
    if (lines.length < LINES_A_CHUNK) continue;
    yield lines.join('');
    lines = [];
  }
  // An empty chunk would end the stream of strings early.
  if (lines.length > 0) yield lines.join('');
}
