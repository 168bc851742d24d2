import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const DESCRIPTION = '.json';

/**
 * Deletes uploads that nothing was written to since then: the bytes and their description. It goes by the files alone,
 * because a description may be torn, or its bytes may be gone.
 */
export async function deleteOldUploads(folder: string, beforeMs: number): Promise<void> {
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
  for (const name of names)
    if ((lastWrites.get(idOf(name)) ?? 0) < beforeMs) await rm(join(folder, name), { force: true });
}

function idOf(name: string): string {
  return name.endsWith(DESCRIPTION) ? name.slice(0, -DESCRIPTION.length) : name;
}
