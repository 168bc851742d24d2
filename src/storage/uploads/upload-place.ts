import type { DataStore } from '@tus/server';

/** The place of uploads in pieces, until something is made of them. */
export interface UploadPlace {
  /** The store of the tus protocol. Its names of uploads are those of `nameOf`. */
  readonly store: DataStore;
  /** Whether several API processes share the place. Then only one of them at a time may write to an upload. */
  readonly isShared: boolean;
  /** A folder whose disk limits what can be sent; null where none does. */
  readonly disk: string | null;
  /** @param id 32 hex digits */
  nameOf(id: string): string;
  has(id: string): Promise<boolean>;
  /**
   * A file on this host with all bytes of a complete upload, until `remove`.
   * @throws Error where the place has another number of bytes than `sizeBytes`
   */
  fetch(id: string, sizeBytes: number): Promise<string>;
  /** Deletes an upload and what is on this host of it. It may be gone already. */
  remove(id: string): Promise<void>;
  /**
   * Deletes uploads without activity: those of a shared place that `readActive` does not name, and files of this host
   * that nothing was written to since `beforeMs`.
   * @returns the ids of the others
   */
  deleteIdle(beforeMs: number, readActive: () => Promise<ReadonlySet<string>>): Promise<string[]>;
}

/** An upload that nothing is made of is deleted after this time without activity. */
export const KEPT_MS = 24 * 3_600_000;

/** Begins the keys of uploads in a bucket, behind the prefix of all its keys. */
export const UPLOAD_KEYS = 'uploads/';
