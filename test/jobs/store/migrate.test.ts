import assert from 'node:assert/strict';
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { schemaDiff } from '../../../prisma/schema-diff.js';
import { migrate } from '../../../src/jobs/store/connection/migrate.js';
import { type Servers, startServers } from '../../support/servers.js';

const MIGRATIONS = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));
const SCHEMA = fileURLToPath(new URL('../../../prisma/schema.prisma', import.meta.url));

let servers: Servers;
let databases = 0;
let url: string;
let folder: string;

before(async () => {
  servers = await startServers();
});
after(() => servers.stop());
beforeEach(async () => {
  url = await newDatabase();
  folder = await mkdtemp(join(tmpdir(), 'strata-migrations-'));
  await cp(MIGRATIONS, folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

async function newDatabase(): Promise<string> {
  const name = `migrate_${databases++}`;
  const owner = new URL(servers.databaseUrl).username;
  await query(servers.adminUrl, `CREATE DATABASE ${name} OWNER ${owner}`);
  return servers.databaseUrl.replace(/\/[^/]*$/, `/${name}`);
}

async function query(database: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Indexes of expressions, which schema.prisma cannot describe. */
const OF_EXPRESSIONS = ['job_accuracy_idx', 'job_words_idx'];

/** Columns and indexes of our tables. */
async function shapeOf(database: string): Promise<unknown[]> {
  const columns = await query(
    database,
    `SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name <> '_prisma_migrations' ORDER BY 1, 2`,
  );
  const indexes = await query(
    database,
    `SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'
       AND indexname NOT IN (${OF_EXPRESSIONS.map((name) => `'${name}'`).join(', ')}) ORDER BY 1`,
  );
  return [columns, indexes];
}

async function migrationsOnDisk(): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function addMigration(name: string, sql: string): Promise<void> {
  await mkdir(join(folder, name));
  await writeFile(join(folder, name, 'migration.sql'), sql);
}

test('the kept snapshot, from which the next migration is written, is the schema', async () => {
  const snapshot = await readFile(join(MIGRATIONS, 'schema.snapshot.prisma'), 'utf8');
  const schema = await readFile(SCHEMA, 'utf8');
  const drift = await schemaDiff(snapshot, schema);
  assert.equal(drift, null, 'run: node --import tsx prisma/author-migration.ts <name>');
});

test('the migrations, one after another, build what schema.prisma describes', async () => {
  await migrate(url, { folder });
  const migrated = await shapeOf(url);
  const whole = await newDatabase();
  await query(whole, (await schemaDiff(null, await readFile(SCHEMA, 'utf8'))) ?? '');
  assert.deepEqual(migrated, await shapeOf(whole));
  const made = await query(
    url,
    `SELECT count(*)::int AS count FROM pg_indexes WHERE indexname IN (${OF_EXPRESSIONS.map((name) => `'${name}'`).join(', ')})`,
  );
  assert.deepEqual(made, [{ count: OF_EXPRESSIONS.length }]);
});

test('a new database gets every migration, and the second time none', async () => {
  assert.deepEqual(await migrate(url, { folder }), (await migrationsOnDisk()).sort());
  assert.deepEqual(await migrate(url, { folder }), []);
});

test('two processes at once apply each migration once', async () => {
  const applied = await Promise.all([
    migrate(url, { folder }),
    migrate(url, { folder }),
    migrate(url, { folder }),
  ]);
  assert.deepEqual(applied.flat().sort(), (await migrationsOnDisk()).sort());
});

test('an applied migration that was edited is refused by name', async () => {
  const [first = ''] = await migrate(url, { folder });
  await appendFile(join(folder, first, 'migration.sql'), '\n-- an afterthought');
  await assert.rejects(migrate(url, { folder }), {
    message: new RegExp(`were edited: ${first}; restore them`),
  });
});

test('a database of a newer version is refused', async () => {
  const [first = ''] = await migrate(url, { folder });
  await rm(join(folder, first), { recursive: true });
  await assert.rejects(migrate(url, { folder }), /does not know: .* run the newer version/);
});

test('a migration that fails leaves nothing behind, and those before it stay', async () => {
  await addMigration('99990101000000_good', 'CREATE TABLE good (id int);');
  await addMigration('99990102000000_bad', 'CREATE TABLE half (id int); SELECT nonsense;');
  await assert.rejects(migrate(url, { folder }), /99990102000000_bad failed: .*nonsense/);
  const rows = await query(url, `SELECT to_regclass('good') AS good, to_regclass('half') AS half`);
  assert.deepEqual(rows, [{ good: 'good', half: null }]);
});

test('jobs that succeeded before there were models get theirs, and no others do; metadata finds jobs from before', async () => {
  const all = (await migrationsOnDisk()).sort();
  const first = all.findIndex((name) => name.endsWith('_models'));
  assert.ok(first > 0);
  for (const name of all.slice(first)) await rm(join(folder, name), { recursive: true });
  await migrate(url, { folder });
  const spec = { model: { family: 'resnet', depth: 8 } };
  await query(
    url,
    `INSERT INTO dataset (id, name, built_in, state, classes, image, train_count, test_count, augmentation, problems)
     VALUES ('mnist', 'mnist', true, 'ready', '["0"]', '{"height":28}', 1, 1, '{}', '[]');
     INSERT INTO job (id, tenant, name, metadata, state, dataset_id, spec, plan, result, finished_at)
     SELECT 'job_' || n, 'ours', CASE n WHEN 1 THEN 'named' ELSE '' END, '{"team":"a"}',
       CASE n WHEN 3 THEN 'failed' ELSE 'succeeded' END, 'mnist', '${JSON.stringify(spec)}', '{}',
       CASE WHEN n < 3 THEN '{"test_accuracy":0.75}'::jsonb END, '2026-01-01T00:00:00Z'
     FROM generate_series(1, 3) AS n;
     INSERT INTO artifact (id, job_id, name, kind, media_type, size_bytes, sha256) VALUES
       ('a1', 'job_1', 'full/model.onnx', 'model', '', 1, 'ff'), ('a2', 'job_1', 'report.json', 'report', '', 1, 'ee')`,
  );
  await cp(MIGRATIONS, folder, { recursive: true });
  await migrate(url, { folder });
  const models = await query(
    url,
    `SELECT id, tenant, name, metadata, job_id, accuracy, serving, created_at FROM model ORDER BY id`,
  );
  const common = {
    tenant: 'ours',
    metadata: { team: 'a' },
    accuracy: 0.75,
    created_at: new Date('2026-01-01T00:00:00Z'),
  };
  assert.deepEqual(models, [
    { ...common, id: 'model_1', name: 'named', job_id: 'job_1', serving: { full: 'sha256:ff' } },
    { ...common, id: 'model_2', name: 'mnist-resnet-8', job_id: 'job_2', serving: {} },
  ]);
  assert.deepEqual(await query(url, `SELECT id FROM artifact WHERE model_id = 'model_1'`), [{ id: 'a1' }]);
  const labelled = `SELECT job_id FROM job_label WHERE tenant = 'ours' AND label = metadata_label('team', 'a') ORDER BY 1`;
  const ids = (await query(url, labelled)).map((row) => (row as { job_id: string }).job_id);
  assert.deepEqual(ids, ['job_1', 'job_2', 'job_3']);
});
