// npm run reset
import { realpath, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { parseSettings } from '../../contract/settings.js';
import { cacheRoot } from '../../provision/cache.js';
import { tryAcquire } from '../../provision/lock.js';
import { stopPostgres } from '../../provision/postgres/postgres.js';
import { stopRedis } from '../../provision/redis/redis.js';
import { folderBytes } from '../../provision/wheels/pip.js';
import { ROOT } from '../root.js';
import { runCommand } from './command.js';

await runCommand(async () => {
  const { home } = parseSettings(process.env);
  refuseForeign(home);
  const bytes = await folderBytes(home);
  if (bytes === 0) return console.log(`Nothing to remove: ${home} is empty or not there.`);
  const release = await tryAcquire(`${home}/service`);
  if (!release) throw new Error(`Strata runs on ${home}: stop it before resetting.`);
  if (await stopRedis(home)) console.log('Stopped Redis.');
  if (await stopPostgres(home)) console.log('Stopped Postgres.');
  await remove(home);
  await release();
  console.log(`Removed ${home}: ${(bytes / 1e6).toFixed(1)} MB of jobs, models and data.`);
  console.log(`Kept ${cacheRoot()}: the libraries that all clones share.`);
});

/** A mistyped STRATA_HOME must not cost the checkout or somebody's files. */
function refuseForeign(home: string): void {
  const holds = (path: string) => !relative(home, path).startsWith('..');
  if (holds(ROOT) || holds(homedir())) {
    throw new Error(`STRATA_HOME is ${home}, which holds more than Strata's data; nothing was removed.`);
  }
}

async function remove(home: string): Promise<void> {
  // Where Postgres runs under an account that cannot enter the home, this is a link to its folder elsewhere.
  const postgres = await realpath(join(home, 'postgres'));
  await rm(postgres, { recursive: true, force: true });
  await rm(home, { recursive: true, force: true });
}
