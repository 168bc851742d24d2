import type { Settings } from '../contract/settings.js';
import { findPostgres, startPostgres } from '../provision/postgres/postgres.js';
import { requireRestored } from './backup/interrupted.js';
import { claimHome } from './home.js';

/** @param isOurs whether it was started for this alone, so that nobody else uses it */
type Use<T> = (databaseUrl: string, isOurs: boolean) => Promise<T>;

/**
 * The given database, the one of the service that runs on the home, or the embedded one, started for this alone. A server
 * that this did not start is never stopped by it.
 */
export async function withHomeDatabase<T>(
  { databaseUrl, directUrl, home }: Pick<Settings, 'databaseUrl' | 'directUrl' | 'home'>,
  use: Use<T>,
): Promise<T> {
  if (databaseUrl) return use(directUrl ?? databaseUrl, false);
  const claimed = await claimHome(home);
  if (!claimed) return use(await findPostgres(home), false);
  try {
    await requireRestored(claimed.path);
    const postgres = await startPostgres(claimed.path);
    try {
      return await use(postgres.url, postgres.started);
    } finally {
      if (postgres.started) await postgres.stop();
    }
  } finally {
    claimed.lock.release();
  }
}
