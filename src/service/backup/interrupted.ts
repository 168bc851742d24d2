import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { orNull } from '../../storage/files.js';

/** Folder of a home that holds a restore until it is complete. While it is there, the home is nobody's to use. */
export const RESTORING = '.restoring';

/** @throws Error if a restore into the home was interrupted */
export async function requireRestored(home: string): Promise<void> {
  if ((await orNull(stat(join(home, RESTORING)))) === null) return;
  throw new Error(
    `A restore into ${home} was interrupted, so it holds nothing yet. Run \`npm run restore -- <folder>\` again, or \`npm run reset\`.`,
  );
}
