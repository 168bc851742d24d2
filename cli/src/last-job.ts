import { join } from 'node:path';
import { configFolder, readJson, writePrivate } from './config.js';
import type { Context } from './context.js';
import { CliError, EXIT } from './exit.js';
import { idOf } from './ids.js';

export const LAST = '@last';

/** Job ids by the address of the server. */
function fileOf({ environment }: Context): string {
  return join(configFolder(environment), 'last-jobs.json');
}

/** Makes a job that was submitted here the one that `@last` means, for this server. */
export async function rememberJob(context: Context, id: string): Promise<void> {
  const path = fileOf(context);
  const known = await readJson(path).catch(() => ({}));
  // A read-only home is no reason to fail after the job was stored.
  await writePrivate(path, { ...known, [context.target.url]: id }).catch(() => undefined);
}

/** The id of JOB: an id, an unambiguous part of one, or `@last`. */
export async function jobIdOf(context: Context, text: string): Promise<string> {
  if (text === LAST) return lastJob(context);
  return idOf('job', text, () => context.strata.jobs.all({ limit: 100 }));
}

/** The job that was submitted from here last; the newest of the server where there was none. */
async function lastJob(context: Context): Promise<string> {
  const known = (await readJson(fileOf(context)))[context.target.url];
  if (typeof known === 'string') return known;
  const [newest] = (await context.strata.jobs.list({ limit: 1 })).data;
  if (newest) return newest.id;
  throw new CliError(EXIT.failed, 'There is no job yet.', 'Submit one with `strata submit`.');
}
