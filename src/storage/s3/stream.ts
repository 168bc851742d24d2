import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** The store went silent in the middle of an answer. */
export class StallError extends Error {
  constructor(stallMs: number) {
    super(`no byte arrived for ${stallMs / 1000} s`);
    this.name = 'StallError';
  }
}

/**
 * Writes a body to a file, in pieces. One of which nothing arrives for `stallMs` counts as lost. @returns its sha256 in hex.
 * @throws StallError, and errors of the connection
 */
export async function writeBody(body: Readable, path: string, stallMs: number): Promise<string> {
  const hash = createHash('sha256');
  const stalled = () => body.destroy(new StallError(stallMs));
  let timer = setTimeout(stalled, stallMs);
  const measure = new Transform({
    transform(chunk: Buffer, _, done) {
      clearTimeout(timer);
      timer = setTimeout(stalled, stallMs);
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    await pipeline(body, measure, createWriteStream(path));
  } finally {
    clearTimeout(timer);
  }
  return hash.digest('hex');
}
