import { fstatSync, writeSync } from 'node:fs';

/**
 * Writes to stdout, without the streams of Node, which take a tenth of a start. A pipe that is full or a reader who has
 * gone is left to them.
 */
export function print(text: string): void {
  const bytes = Buffer.from(text);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(1, bytes, written);
  } catch {
    exitWithoutReader();
    process.stdout.write(bytes.subarray(written));
  }
}

/** `strata jobs | head` closes the pipe early. */
export function exitWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}

/** Whether stdout may be a terminal; a file and a pipe are none. */
export function isDevice(): boolean {
  return fstatSync(1).isCharacterDevice();
}
