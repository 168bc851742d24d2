import type { BlobUri, TaskOutput } from '../contract/trainer-protocol.js';

/**
 * Storage for bytes outside of Postgres. Blobs are content-addressed, immutable and shared. Spool files belong to
 * one attempt and are deleted with it. A reader sees all of a write or nothing: a folder gets a temporary file, fsync and
 * rename, and a bucket whole objects.
 */
export interface BlobStore {
  /** The store's own id, made at the first question. Processes that ask at the same time get the same one. */
  id(): Promise<string>;
  /**
   * Stores `bytes` as a blob. Storing the same bytes again touches the same blob, and repairs it if it was damaged.
   */
  put(bytes: Uint8Array): Promise<TaskOutput>;
  /**
   * Reads a whole blob or spool file, and checks the sha256 of a blob. @throws BlobMissingError, BlobCorruptError
   */
  get(uri: BlobUri): Promise<Uint8Array>;
  /**
   * A path on this host from which a blob or spool file can be read at random offsets. The sha256 of a blob is
   * checked first, unless that was done since the last change of its file. @throws BlobMissingError,
   * BlobCorruptError
   */
  localPath(uri: BlobUri): Promise<string>;
  /**
   * Opens a file for a reader that begins at its start and checks what it reads: it may still be on its way here.
   * @throws BlobMissingError, BlobCorruptError
   */
  openArriving(uri: BlobUri): Promise<ArrivingFile>;
  /**
   * Copies a file to this host, so that a task that reads it later finds it here. A folder is here: nothing happens.
   * @throws BlobMissingError, BlobCorruptError, and the reason of `signal` once it aborts
   */
  fetchAhead(uri: BlobUri, signal: AbortSignal): Promise<void>;
  /**
   * Changes when the bytes that were read at `localPath` may have been other ones. @throws BlobMissingError,
   * BlobCorruptError
   */
  generation(uri: BlobUri): Promise<string>;
  /**
   * `size` bytes from `start` on, or fewer at the end, without a check of the whole: for a reader to whom a damaged byte
   * does little harm. @throws BlobMissingError
   */
  readRange(uri: BlobUri, start: number, size: number): Promise<Uint8Array>;
  /**
   * An address from which whoever has it can download the blob for a while; null where the store has none.
   * @throws BlobMissingError
   */
  downloadUrl(uri: BlobUri, as: DownloadAs): Promise<string | null>;
  /**
   * Marks a blob as new for garbage collection, like a put of the same bytes. @returns false if it does not exist
   */
  touch(uri: BlobUri): Promise<boolean>;
  /** Deletes an unreferenced blob. It may be deleted already. */
  deleteBlob(uri: BlobUri): Promise<void>;
  /** The time by the clock that stamps the files. It can differ from the clock of this host. */
  now(): Promise<Date>;
  /** Blobs whose last put was before `time`: those of one prefix of the hash at a time. */
  blobsUntouchedSince(time: Date): AsyncIterable<readonly BlobUri[]>;
  /**
   * Deletes a blob unless it was put again since `time`, even if that happens at the same moment. @returns whether
   * it was deleted
   */
  deleteUntouched(uri: BlobUri, time: Date): Promise<boolean>;
  /** Deletes drafts without writes since `time`. */
  deleteDrafts(time: Date): Promise<void>;
  exists(uri: BlobUri): Promise<boolean>;
  /**
   * Creates a spool file that can be written in pieces. It is not visible under its uri before `commit`. With
   * `beginning`, it starts with the first `size_bytes` of that file. @throws BlobMissingError; BlobCorruptError if
   * that file is shorter
   */
  createSpool(key: string, beginning?: TaskOutput): Promise<SpoolDraft>;
  /**
   * Turns a file into a blob, with the sha256 that the caller computed. The file is moved, or deleted if the blob
   * exists.
   */
  adopt(path: string, sha256: string): Promise<TaskOutput>;
  /** Creates an empty folder among the spool files, for one attempt. It is deleted with them. @returns its path */
  createWorkFolder(key: string): Promise<string>;
  /** First segments of spool keys that start with `prefix` and have no changes since `time`. */
  idleSpools(prefix: string, time: Date): Promise<string[]>;
  /** Deletes every spool file whose key starts with `prefix`. */
  deleteSpool(prefix: string): Promise<void>;
}

/** A file that is open for reading, of which not all bytes need be there yet. */
export interface ArrivingFile {
  readonly descriptor: number;
  /** Blocks this thread until the first `bytes` are there, or all of a shorter file. @throws error of a copy that failed */
  waitFor(bytes: number): void;
  close(): void;
}

/** The headers that come with a download, and the time for which its address is valid. */
export interface DownloadAs {
  readonly contentDisposition: string;
  readonly contentType: string;
  readonly seconds: number;
}

export interface SpoolDraft {
  readonly path: string;
  /**
   * Says that bytes were added at the end, and that all bytes so far stay as they are. A store may begin to send them. A
   * file whose bytes change in place never says so.
   */
  appended(): void;
  /**
   * Gives the bytes written so far a name, permanently on disk. They can be read there whatever happens to the
   * draft, which may grow. Deleted with the other spool files of the attempt.
   */
  keep(): Promise<TaskOutput>;
  commit(): Promise<TaskOutput>;
  discard(): Promise<void>;
}
