// npm run restore -- <folder>
import { parseSettings, type Settings } from '../../contract/settings.js';
import { streamProgress } from '../../provision/progress.js';
import type { Manifest } from '../backup/manifest.js';
import { restore } from '../backup/restore.js';
import { restoreOutside } from '../backup/restore-outside.js';
import { runCommand } from './command.js';

const USAGE = 'usage: npm run restore -- <folder of a backup>';

/** Tables with encrypted values. */
const SEALED = ['webhook', 'tracker_export', 'model_push'];

await runCommand(async () => {
  const [folder, ...more] = process.argv.slice(2);
  if (!folder || more.length > 0) throw new Error(USAGE);
  const settings = parseSettings(process.env);
  const { databaseUrl } = settings;
  if (!databaseUrl) requireOwnHome(settings);
  const { manifest, migrated } = databaseUrl
    ? await restoreOutside(
        { ...settings, databaseUrl: settings.directUrl ?? databaseUrl },
        folder,
        streamProgress(),
      )
    : await restore(settings.home, folder, streamProgress());
  console.log(
    `Restored ${databaseUrl ? 'the database of DATABASE_URL' : settings.home} from the backup of ${manifest.created_at} (Strata ${manifest.version}). Start it with \`npm start\`.`,
  );
  if (settings.redisUrl)
    console.log('Empty the Redis of REDIS_URL before the start (FLUSHDB): it has hints of the time before.');
  if (migrated.length > 0) console.log(`Migrated the database: ${migrated.join(', ')}`);
  if (lacksSecret(manifest) && !settings.secretKey)
    console.log('The backup has no secret.key: set STRATA_SECRET_KEY to the key of that time.');
});

function lacksSecret({ files, tables }: Manifest): boolean {
  const isSealed = tables.some(({ name, rows }) => SEALED.includes(name) && rows > 0);
  return isSealed && !files.some(({ path }) => path === 'secret.key');
}

function requireOwnHome({ blobUrl, home }: Settings): void {
  if (!blobUrl.startsWith(`file://${home}/`))
    throw new Error(
      `BLOB_URL names ${blobUrl}, outside of ${home}. Unset it, restore, move the folder ${home}/blobs there, and set it again.`,
    );
}
