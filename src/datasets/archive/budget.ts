import { ImportError } from '../problems.js';

const MAX_RATIO = 250;
/** Smaller files may have any compression ratio. */
const RATIO_FROM_BYTES = 16 * 2 ** 20;
/** Maximum number of files that are not images: labels, lists, read-me files. */
const OTHER_FILES = 10_000;

/** Counts the unpacked bytes of an archive, and stops archives that are made to fill the disk. */
export class UnpackBudget {
  #files = 0;
  #bytes = 0;

  constructor(
    private readonly limits: { readonly max_images: number; readonly max_unpacked_bytes: number },
  ) {}

  /** @throws ImportError archive_too_large */
  addFile(name: string): void {
    this.#files += 1;
    const max = this.limits.max_images + OTHER_FILES;
    if (this.#files > max) throw tooLarge(`the archive holds more than ${max} entries`, name);
  }

  /** @param packed compressed bytes read so far. @throws ImportError archive_too_large */
  addBytes(bytes: number, name: string): void {
    this.#bytes += bytes;
    const max = this.limits.max_unpacked_bytes;
    if (this.#bytes > max) throw tooLarge(`the archive unpacks to more than ${max} bytes`, name);
  }
}

/** @throws ImportError archive_too_large if the compression ratio is only possible for a bomb */
export function checkRatio(unpacked: number, packed: number, name: string | null): void {
  if (unpacked < RATIO_FROM_BYTES || unpacked <= packed * MAX_RATIO) return;
  const ratio = packed > 0 ? Math.round(unpacked / packed) : unpacked;
  throw tooLarge(`the archive unpacks to ${ratio} times its size; the limit is ${MAX_RATIO} times`, name);
}

function tooLarge(message: string, name: string | null): ImportError {
  return new ImportError('archive_too_large', message, name);
}
