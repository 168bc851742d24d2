import type { Readable } from 'node:stream';

/** A regular file in an archive, with a checked name. It can be read until the next entry is requested. */
export interface ArchiveEntry {
  readonly kind: 'file';
  /** Relative, with slashes. */
  readonly name: string;
  /** Whether the archive does not say in which encoding the name is, and it is not UTF-8. */
  readonly isNameGuessed: boolean;
  /** Size declared by the archive. Reading checks it. */
  readonly sizeBytes: number;
  /** Reads the whole file. @throws ImportError archive_damaged, archive_too_large above `maxBytes` */
  read(maxBytes: number): Promise<Buffer>;
  /** Reads the file in pieces, at most the declared size. @throws ImportError through the stream */
  stream(): Promise<Readable>;
}

/** A remark about an entry that is not a file. */
export interface ArchiveNote {
  /** `unended`: the archive stops without its end mark, as one that is cut short may. */
  readonly kind: 'folder' | 'label' | 'unended';
  readonly name: string;
}

export interface Archive {
  /** Each regular file and folder once, in the archive's order. @throws ImportError for anything that must not be in it */
  entries(): AsyncIterable<ArchiveEntry | ArchiveNote>;
  /** Progress of `entries`, 0..1. */
  readonly progress: number;
}
