import { StrataProblem } from '../../../client/src/index.js';
import { isPassing, strata } from '../server.js';

const PIECE_BYTES = 8 * 1024 * 1024;
/** Pauses after failures in a row. After the last one the user decides. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000];

/**
 * Sends `file` in pieces, and lets `use` make something of the upload. An upload that was interrupted, also by closing the
 * page, goes on where it was once the same file is sent again; so does one of which `use` could make nothing.
 * @param onShare called with the share that the server has, 0 to 1
 * @throws StrataProblem, or Error if the server was not reached for a while
 */
export async function sendFile<Made>(
  file: File,
  onShare: (share: number) => void,
  use: (upload: string) => Promise<Made>,
): Promise<Made> {
  const made = await use(await complete(file, onShare));
  localStorage.removeItem(keyOf(file));
  return made;
}

/** Whether a part of the file has been sent already. */
export function isBegun(file: File): boolean {
  return localStorage.getItem(keyOf(file)) !== null;
}

/** A changed file is another one. */
const keyOf = ({ name, size, lastModified }: File) => `strata-upload/${name}/${size}/${lastModified}`;

/** @returns the id of the upload, all bytes of which the server has */
async function complete(file: File, onShare: (share: number) => void): Promise<string> {
  for (let failures = 0; ; ) {
    let sent = 0;
    try {
      const { id, offset } = await position(file);
      for (let at = offset; at < file.size; sent++) {
        onShare(at / file.size);
        const piece = await file.slice(at, at + PIECE_BYTES).arrayBuffer();
        at = await strata.uploads.append(id, at, new Uint8Array(piece));
      }
      onShare(1);
      return id;
    } catch (error) {
      failures = sent > 0 ? 0 : failures + 1;
      const pause = PAUSES_MS[failures];
      if (!isPassing(error) || pause === undefined) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** The upload of the file, and the byte at which it goes on. */
async function position(file: File): Promise<{ id: string; offset: number }> {
  const known = localStorage.getItem(keyOf(file));
  if (known !== null) {
    try {
      return { id: known, offset: await strata.uploads.offset(known) };
    } catch (error) {
      // The server deletes uploads that nobody continues for a day, and another key has other uploads.
      if (!(error instanceof StrataProblem) || error.status !== 404) throw error;
    }
  }
  const id = await strata.uploads.create(file.size);
  localStorage.setItem(keyOf(file), id);
  return { id, offset: 0 };
}
