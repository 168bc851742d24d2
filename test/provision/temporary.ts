import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A folder that is removed when the test ends, after what runs in it has been stopped. */
export async function temporaryFolder(
  t: TestContext,
  stop: (folder: string) => Promise<unknown> = async () => {},
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-test-'));
  t.after(async () => {
    await stop(folder);
    // Postgres under another account has its files behind a link.
    const elsewhere = await realpath(join(folder, 'postgres')).catch(() => folder);
    await rm(elsewhere, { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}
