/**
 * Writes the next migration: the SQL from the kept snapshot (prisma/migrations/schema.snapshot.prisma) to schema.prisma.
 * `node --import tsx prisma/author-migration.ts <name>`. Needs neither a database nor the schema engine's download.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { schemaDiff } from './schema-diff.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const schemaPath = here('schema.prisma');
const snapshotPath = here('migrations/schema.snapshot.prisma');

async function author(name: string): Promise<string> {
  const schema = await readFile(schemaPath, 'utf8');
  const snapshot = await readFile(snapshotPath, 'utf8').catch(() => null);
  const sql = await schemaDiff(snapshot, schema);
  if (sql === null) return 'schema.prisma equals the snapshot: nothing to migrate';
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const folder = here(`migrations/${stamp}_${name}`);
  await mkdir(folder);
  await writeFile(`${folder}/migration.sql`, sql);
  await writeFile(snapshotPath, schema);
  return `wrote ${folder}/migration.sql; read it before committing`;
}

const name = process.argv[2];
if (!name || !/^[a-z0-9_]+$/.test(name)) {
  console.error('usage: node --import tsx prisma/author-migration.ts <name_in_snake_case>');
  process.exit(2);
}
console.log(await author(name));
