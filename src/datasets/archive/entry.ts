import type { Readable } from 'node:stream';

/** A regular file in an archive, its name checked. It can be read until the next one is asked for. */
export interface ArchiveEntry {
  /** Relative, with slashes. */
  readonly name: string;
  /** As the archive declares it; reading finds out whether that is true. */
  readonly sizeBytes: number;
  /** All of it. @throws ImportError archive_damaged, archive_too_large above `maxBytes` */
  read(maxBytes: number): Promise<Buffer>;
  /** Piece by piece, at most the declared size. @throws ImportError through the stream */
  stream(): Promise<Readable>;
}

export interface Archive {
  /** Each regular file once, in the archive's order. @throws ImportError for anything that must not be in it */
  entries(): AsyncIterable<ArchiveEntry>;
  /** How far `entries` has got, 0..1. */
  readonly progress: number;
}
