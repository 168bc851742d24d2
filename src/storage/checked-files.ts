import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** Files remembered; of more, those longest known are read again when they are asked for. */
const MOST = 10_000;

/**
 * Which files hold the bytes of their sha256. A file is read whole the first time, and again once it may have changed:
 * whoever reads it at random offsets cannot tell.
 */
export class CheckedFiles {
  private readonly known = new Map<string, string>();

  /** @throws ENOENT */
  async holds(path: string, sha256: string): Promise<boolean> {
    // Before it is read: a change meanwhile is seen by the next look.
    const version = await versionOf(path);
    if (this.known.get(path) === version) return true;
    this.known.delete(path);
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    if (hash.digest('hex') !== sha256) return false;
    this.known.set(path, version);
    const [oldest] = this.known.keys();
    if (this.known.size > MOST && oldest !== undefined) this.known.delete(oldest);
    return true;
  }
}

async function versionOf(path: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return [ino, size, mtimeNs, ctimeNs].join('-');
}
