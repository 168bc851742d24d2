import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Ends the name of the file that describes an upload. */
export const DESCRIPTION = '.json';

/**
 * Deletes uploads that nothing was written to since then: the bytes and their description. It goes by the files alone,
 * because a description may be torn, or its bytes may be gone.
 * @returns the ids of the others
 */
export async function deleteOldUploads(folder: string, beforeMs: number): Promise<string[]> {
  const lastWrites = new Map<string, number>();
  const names = await readdir(folder);
  for (const name of names) {
    const id = idOf(name);
    const written = await stat(join(folder, name)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    lastWrites.set(id, Math.max(written, lastWrites.get(id) ?? 0));
  }
  const isOld = (id: string) => (lastWrites.get(id) ?? 0) < beforeMs;
  for (const name of names) if (isOld(idOf(name))) await rm(join(folder, name), { force: true });
  return [...lastWrites.keys()].filter((id) => !isOld(id));
}

function idOf(name: string): string {
  return name.endsWith(DESCRIPTION) ? name.slice(0, -DESCRIPTION.length) : name;
}
