import { ImportError } from '../problems.js';

const MOST_RATIO = 250;
/** Small files may compress as they like. */
const RATIO_FROM_BYTES = 16 * 2 ** 20;
/** Files that are no images: labels, lists, read-me's. */
const OTHER_FILES = 10_000;

/** Counts what an archive unpacks to, and stops one that is made to fill the disk. */
export class UnpackBudget {
  #files = 0;
  #bytes = 0;

  constructor(
    private readonly limits: { readonly max_images: number; readonly max_unpacked_bytes: number },
  ) {}

  /** @throws ImportError archive_too_large */
  addFile(name: string): void {
    this.#files += 1;
    const most = this.limits.max_images + OTHER_FILES;
    if (this.#files > most) throw tooLarge(`the archive holds more than ${most} entries`, name);
  }

  /** @param packed bytes that these came out of, so far. @throws ImportError archive_too_large */
  addBytes(bytes: number, name: string): void {
    this.#bytes += bytes;
    const most = this.limits.max_unpacked_bytes;
    if (this.#bytes > most) throw tooLarge(`the archive unpacks to more than ${most} bytes`, name);
  }
}

/** @throws ImportError archive_too_large where so many bytes out of so few can only be a bomb */
export function checkRatio(unpacked: number, packed: number, name: string | null): void {
  if (unpacked < RATIO_FROM_BYTES || unpacked <= packed * MOST_RATIO) return;
  const ratio = packed > 0 ? Math.round(unpacked / packed) : unpacked;
  throw tooLarge(`it unpacks to ${ratio} times its size; at most ${MOST_RATIO} times is allowed`, name);
}

function tooLarge(message: string, name: string | null): ImportError {
  return new ImportError('archive_too_large', message, name);
}
