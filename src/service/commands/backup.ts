// npm run backup -- <folder>
import { parseSettings, type Settings } from '../../contract/settings.js';
import { streamProgress } from '../../provision/progress.js';
import { backUp } from '../backup/backup.js';
import { runCommand } from './command.js';

const USAGE = 'usage: npm run backup -- <folder that does not exist yet>';

await runCommand(async () => {
  const [folder, ...more] = process.argv.slice(2);
  if (!folder || more.length > 0) throw new Error(USAGE);
  const settings = parseSettings(process.env);
  const report = await backUp(settings, folder, streamProgress(), () => new Date());
  const { files, tables, version } = report.manifest;
  const bytes = files.reduce((sum, { size_bytes }) => sum + size_bytes, 0);
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  console.log(
    `Backup of ${settings.databaseUrl ? 'the database of DATABASE_URL' : settings.home} (Strata ${version}) in ${report.folder}: ${rows} rows, ${files.length} files, ${(bytes / 1e6).toFixed(1)} MB.`,
  );
  sayWhatIsMissing(settings, report.damaged);
});

function sayWhatIsMissing({ secretKey }: Settings, damaged: readonly string[]): void {
  if (secretKey) console.log('STRATA_SECRET_KEY is no part of it: keep that key with the backup.');
  if (damaged.length === 0) return;
  console.error(
    `Left out, because their bytes are damaged:\n${damaged.map((name) => `  ${name}`).join('\n')}`,
  );
}
