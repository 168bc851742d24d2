// npm run reset
import { realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { parseSettings, type Settings } from '../../contract/settings.js';
import { cacheRoot } from '../../provision/cache.js';
import { folderBytes } from '../../provision/wheels/pip.js';
import { RESTORING } from '../backup/interrupted.js';
import { claimHome, describeHolder } from '../home.js';
import { emptyHome, requireIdle } from '../remove-home.js';
import { ROOT } from '../root.js';
import { runCommand } from './command.js';

await runCommand(async () => {
  const settings = parseSettings(process.env);
  const { home } = settings;
  refuseForeign(home);
  const real = await realpath(home).catch(() => undefined);
  if (!real || (await folderBytes(real)) === 0)
    return console.log(`Nothing to remove: ${home} is empty or does not exist.`);
  refuseForeign(real);
  const claimed = await claimHome(real);
  if (!claimed) throw new Error(`Strata runs on ${real}. ${await describeHolder(real)}`);
  const interrupted = join(real, RESTORING);
  for (const folder of [interrupted, real]) await requireIdle(folder);
  for (const { folder, bytes } of [...(await emptyHome(interrupted)), ...(await emptyHome(real))])
    console.log(`Removed ${folder}: ${(bytes / 1e6).toFixed(1)} MB.`);
  claimed.lock.release();
  console.log(`Jobs, models and data are gone. Kept ${cacheRoot()}: the libraries that all clones share.`);
  sayWhatStays(settings);
});

/** A mistyped STRATA_HOME must not delete the checkout or other files. */
function refuseForeign(home: string): void {
  const holds = (path: string) => !relative(home, path).startsWith('..');
  if (holds(ROOT) || holds(homedir())) {
    throw new Error(
      `STRATA_HOME is ${home}, which contains other files than Strata's data. Nothing was removed.`,
    );
  }
}

/** Servers and folders of the operator's own are not the home's. */
function sayWhatStays({ databaseUrl, redisUrl, blobUrl, home }: Settings): void {
  if (databaseUrl) console.log('Kept the database of DATABASE_URL.');
  if (redisUrl) console.log('Kept the queue of REDIS_URL.');
  if (!blobUrl.startsWith(`file://${home}/`)) console.log(`Kept the blobs of BLOB_URL: ${blobUrl}`);
}
