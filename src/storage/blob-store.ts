import type { BlobUri, TaskOutput } from '../contract/trainer-protocol.js';

/**
 * Where bytes live outside Postgres. Blobs are content-addressed, immutable and shared; spool files belong to one
 * attempt and are deleted with it. Every write is temp file, fsync, rename: a reader sees all of it or nothing.
 */
export interface BlobStore {
  /** Stores `bytes` as a blob; storing the same bytes twice is one blob, touched again, and mended if it was damaged. */
  put(bytes: Uint8Array): Promise<TaskOutput>;
  /** Reads a blob or spool file whole and, for a blob, checks its sha256. @throws BlobMissingError, BlobCorruptError */
  get(uri: BlobUri): Promise<Uint8Array>;
  /**
   * A path on this host from which a blob or spool file can be read at random offsets. A blob is read through first and
   * its sha256 checked, unless that was done since its file last changed. @throws BlobMissingError, BlobCorruptError
   */
  localPath(uri: BlobUri): Promise<string>;
  /** As a put of the same bytes: to garbage collection the blob is fresh. @returns false where it is gone */
  touch(uri: BlobUri): Promise<boolean>;
  /** Deletes a blob that nothing refers to any more; it may be gone already. */
  deleteBlob(uri: BlobUri): Promise<void>;
  /** Blobs that were last put, or put again, before `time`. */
  blobsUntouchedSince(time: Date): Promise<BlobUri[]>;
  /** Deletes a blob unless it was put again since `time`, be it in this very moment. @returns whether it is gone */
  deleteUntouched(uri: BlobUri, time: Date): Promise<boolean>;
  /** Deletes drafts that nobody has written to since `time`. */
  deleteDrafts(time: Date): Promise<void>;
  exists(uri: BlobUri): Promise<boolean>;
  /**
   * A path to write a spool file to, piece by piece; nothing is visible under its uri before `commit`. With `beginning`
   * it starts with the first `size_bytes` of that file. @throws BlobMissingError, BlobCorruptError when it is shorter
   */
  createSpool(key: string, beginning?: TaskOutput): Promise<SpoolDraft>;
  /** Makes a file that its caller wrote, and whose sha256 the caller took, a blob: the file is moved, or gone. */
  adopt(path: string, sha256: string): Promise<TaskOutput>;
  /** An empty folder among the spool files, for one attempt to work in; deleted with them. @returns its path */
  createWorkFolder(key: string): Promise<string>;
  /** First segments of spool keys that start with `prefix`, under which nothing was made or deleted since `time`. */
  idleSpools(prefix: string, time: Date): Promise<string[]>;
  /** Deletes every spool file whose key starts with `prefix`. */
  deleteSpool(prefix: string): Promise<void>;
}

export interface SpoolDraft {
  readonly path: string;
  /**
   * Gives what is written so far a name, on disk for good: those bytes can be read there whatever becomes of the draft,
   * which may grow meanwhile. Deleted with the attempt's other spool files.
   */
  keep(): Promise<TaskOutput>;
  commit(): Promise<TaskOutput>;
  discard(): Promise<void>;
}
