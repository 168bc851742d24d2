// Migrates a given database to the schema of this version: the step before the processes of a containerized service
// start.
import { parseSettings } from '../../contract/settings.js';
import { migrate } from '../../jobs/store/connection/migrate.js';
import { limitRole } from '../../jobs/store/connection/role-limits.js';
import { runCommand } from './command.js';

await runCommand(async () => {
  const { databaseUrl, directUrl } = parseSettings(process.env);
  if (!databaseUrl) throw new Error('DATABASE_URL must name the database to migrate');
  const applied = await migrate(directUrl ?? databaseUrl);
  // Before the pooler has sessions of this role.
  await limitRole({ databaseUrl, ...(directUrl && { directUrl }) });
  console.log(applied.length > 0 ? `applied ${applied.join(', ')}` : 'the database is up to date');
});
