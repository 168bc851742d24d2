import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { BlobCache } from '../contract/blob-cache.js';
import { orNull } from './files.js';

/** A file that was used within this time stays, so that a path that was just handed out can be opened. */
const KEPT_MS = 60_000;
/** Files of a process that ended in the middle of a write are removed after this time. */
const ABANDONED_MS = 86_400_000;
/** Share of the limit that is left after files were removed, so that this is not needed for every new file. */
const TARGET_SHARE = 0.9;

interface Entry {
  readonly sha256: string;
  readonly bytes: number;
  readonly usedAt: number;
}

/**
 * Files by sha256 in a folder that all processes of a host share: `blobs/<2 hex>/<sha256>`. The time of
 * `used/<sha256>` says when a file was last used. Above the limit, the files that were not used for longest are removed;
 * a process that has one open keeps its bytes.
 */
export class LocalCache {
  readonly #filling = new Map<string, Promise<string>>();
  #added = Number.POSITIVE_INFINITY;

  constructor(
    private readonly limits: BlobCache,
    private readonly now: () => number = Date.now,
  ) {}

  pathOf(sha256: string): string {
    return join(this.limits.folder, 'blobs', sha256.slice(0, 2), sha256);
  }

  /** Path of a new file for something that is being written. */
  async temporaryPath(): Promise<string> {
    const folder = join(this.limits.folder, 'tmp');
    await mkdir(folder, { recursive: true });
    return join(folder, randomUUID());
  }

  /** Marks a file as used. @returns its path; null if it is not in the cache */
  async find(sha256: string): Promise<string | null> {
    const path = this.pathOf(sha256);
    if ((await orNull(stat(path))) === null) return null;
    await this.#markUsed(sha256);
    return path;
  }

  /**
   * The path of a file, which `write` makes at a temporary path if the cache lacks it. Callers at the same time share one
   * write.
   */
  async fill(sha256: string, write: (path: string) => Promise<void>): Promise<string> {
    const found = await this.find(sha256);
    if (found !== null) return found;
    const running = this.#filling.get(sha256) ?? this.write(sha256, write);
    this.#filling.set(sha256, running);
    return running.finally(() => this.#filling.delete(sha256));
  }

  /** Adds a file that `write` makes at a temporary path. Nobody else waits for it. */
  async write(sha256: string, write: (path: string) => Promise<void>): Promise<string> {
    const draft = await this.temporaryPath();
    try {
      await write(draft);
      return await this.take(sha256, draft);
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** Moves a complete file into the cache. */
  async take(sha256: string, path: string): Promise<string> {
    const place = this.pathOf(sha256);
    const { size } = await stat(path);
    await mkdir(dirname(place), { recursive: true });
    await rename(path, place);
    await this.#markUsed(sha256);
    await this.#makeRoom(size);
    return place;
  }

  /** A folder for one attempt on this host. */
  workFolder(key: string): string {
    return join(this.limits.folder, 'work', key);
  }

  /** Deletes the folders of attempts whose key starts with `prefix`, like `job/` or `job/task-a`. */
  async deleteWork(prefix: string): Promise<void> {
    const path = this.workFolder(prefix);
    if (prefix.endsWith('/')) return rm(path, { recursive: true, force: true });
    const names = (await orNull(readdir(dirname(path)))) ?? [];
    const doomed = names.filter((name) => name.startsWith(basename(path)));
    await Promise.all(doomed.map((name) => rm(join(dirname(path), name), { recursive: true, force: true })));
  }

  /** Deletes temporary files of this host that nobody has written to since `time`. */
  async deleteTemporary(time: Date): Promise<void> {
    await deleteOlder(join(this.limits.folder, 'tmp'), time);
  }

  async drop(sha256: string): Promise<void> {
    await rm(this.pathOf(sha256), { force: true });
    await rm(this.#markOf(sha256), { force: true });
  }

  #markOf(sha256: string): string {
    return join(this.limits.folder, 'used', sha256);
  }

  async #markUsed(sha256: string): Promise<void> {
    const mark = this.#markOf(sha256);
    const now = new Date(this.now());
    if (await orNull(utimes(mark, now, now).then(() => true))) return;
    await mkdir(dirname(mark), { recursive: true });
    await writeFile(mark, '');
    await orNull(utimes(mark, now, now));
  }

  /** Looks at the folder again when a tenth of the limit has been added since the last look. */
  async #makeRoom(bytes: number): Promise<void> {
    const { maxBytes } = this.limits;
    this.#added += bytes;
    if (this.#added < maxBytes * (1 - TARGET_SHARE)) return;
    this.#added = 0;
    await this.#removeAbandoned();
    const entries = await this.#entries();
    let total = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    if (total <= maxBytes) return;
    const recent = this.now() - KEPT_MS;
    for (const { sha256, bytes, usedAt } of entries.sort((one, two) => one.usedAt - two.usedAt)) {
      if (total <= maxBytes * TARGET_SHARE || usedAt > recent) return;
      await this.drop(sha256);
      total -= bytes;
    }
  }

  async #entries(): Promise<Entry[]> {
    const found: Entry[] = [];
    const root = join(this.limits.folder, 'blobs');
    for (const prefix of (await orNull(readdir(root))) ?? []) {
      for (const sha256 of (await orNull(readdir(join(root, prefix)))) ?? []) {
        const [file, mark] = await Promise.all([
          orNull(stat(this.pathOf(sha256))),
          orNull(stat(this.#markOf(sha256))),
        ]);
        if (file) found.push({ sha256, bytes: file.size, usedAt: mark?.mtimeMs ?? file.mtimeMs });
      }
    }
    return found;
  }

  async #removeAbandoned(): Promise<void> {
    const time = new Date(this.now() - ABANDONED_MS);
    for (const name of ['tmp', 'work']) await deleteOlder(join(this.limits.folder, name), time);
  }
}

async function deleteOlder(folder: string, time: Date): Promise<void> {
  for (const name of (await orNull(readdir(folder))) ?? []) {
    const found = await orNull(stat(join(folder, name)));
    if (found && found.mtime < time) await rm(join(folder, name), { recursive: true, force: true });
  }
}
