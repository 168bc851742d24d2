import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** Maximum number of remembered files. Beyond it, the oldest ones are read again when requested. */
const MAX = 10_000;

/**
 * Knows which files match their sha256. A file is read completely the first time, and again if it may have changed,
 * because readers at random offsets cannot check it.
 */
export class CheckedFiles {
  private readonly known = new Map<string, string>();

  /** @throws ENOENT */
  async holds(path: string, sha256: string): Promise<boolean> {
    // The version is read first, so that a change during the read is found by the next check.
    const version = await versionOf(path);
    if (this.known.get(path) === version) return true;
    this.known.delete(path);
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    if (hash.digest('hex') !== sha256) return false;
    this.#remember(path, version);
    return true;
  }

  /** Takes a file as checked, whose sha256 was computed while it was written. */
  async trust(path: string): Promise<void> {
    this.#remember(path, await versionOf(path));
  }

  #remember(path: string, version: string): void {
    this.known.set(path, version);
    const [oldest] = this.known.keys();
    if (this.known.size > MAX && oldest !== undefined) this.known.delete(oldest);
  }
}

async function versionOf(path: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return [ino, size, mtimeNs, ctimeNs].join('-');
}
