import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { withLock } from './lock.js';

const MANIFEST = 'manifest.json';

/** Written last into an entry: the size of each of its files. An entry that does not match is not used. */
interface Manifest {
  files: Record<string, number>;
}

/**
 * Files that programs rewrite where they find them: compiled Python, and the CA certificates of certifi, to which some
 * machines add their own. A new size of one is no damage, and another process may be using the entry.
 */
const REWRITTEN = /\.pyc$|(^|\/)certifi\/cacert\.pem$/;

export interface CacheEntry {
  dir: string;
  bytes: number;
  reused: boolean;
}

/** The cache of the user, shared by all checkouts. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'strata');
}

/**
 * The folder `root/key`, filled by `build` at first use. `build` works in a folder next to it, which gets its final
 * name only when complete. The next build removes an interrupted one. Concurrent callers, in this process or
 * another, wait for the running build.
 */
export async function cacheEntry(
  root: string,
  key: string,
  build: (staging: string) => Promise<void>,
  onWait?: () => void,
): Promise<CacheEntry> {
  const dir = join(root, key);
  const present = await intactBytes(dir);
  if (present !== undefined) return { dir, bytes: present, reused: true };
  return withLock(
    dir,
    async () => {
      const built = await intactBytes(dir);
      if (built !== undefined) return { dir, bytes: built, reused: true };
      return { dir, bytes: await buildEntry(dir, build), reused: false };
    },
    onWait,
  );
}

/** Whether an entry exists and is complete. Does not build it. */
export async function hasCacheEntry(root: string, key: string): Promise<boolean> {
  return (await intactBytes(join(root, key))) !== undefined;
}

async function buildEntry(dir: string, build: (staging: string) => Promise<void>): Promise<number> {
  await mkdir(dirname(dir), { recursive: true });
  const staging = `${dir}.partial`;
  await rm(staging, { recursive: true, force: true });
  await rm(dir, { recursive: true, force: true });
  await mkdir(staging);
  await build(staging);
  const files = await fileSizes(staging);
  await writeFile(join(staging, MANIFEST), JSON.stringify({ files } satisfies Manifest));
  await rename(staging, dir);
  return sum(files);
}

async function intactBytes(dir: string): Promise<number | undefined> {
  const manifest = await readManifest(dir);
  if (!manifest) return undefined;
  for (const [path, size] of Object.entries(manifest.files)) {
    if (REWRITTEN.test(path)) continue;
    const found = await stat(join(dir, path)).catch(() => undefined);
    if (found?.size !== size) return undefined;
  }
  return sum(manifest.files);
}

async function readManifest(dir: string): Promise<Manifest | undefined> {
  try {
    return JSON.parse(await readFile(join(dir, MANIFEST), 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}

async function fileSizes(dir: string): Promise<Record<string, number>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map(async (file) => {
    const path = join(file.parentPath ?? file.path, file.name);
    return [path.slice(dir.length + 1), (await stat(path)).size] as const;
  });
  return Object.fromEntries(await Promise.all(sizes));
}

function sum(files: Record<string, number>): number {
  return Object.values(files).reduce((total, size) => total + size, 0);
}
