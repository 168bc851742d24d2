import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { SCOPES } from '../../../src/contract/access.js';
import { createJobsService } from '../../../src/jobs/client/service.js';
import { startPostgres } from '../../../src/provision/postgres/postgres.js';
import { claimHome } from '../../../src/service/home.js';
import { ROOT } from '../../../src/service/root.js';
import { type Servers, startServers } from '../../support/servers.js';

let servers: Servers;
before(async () => {
  servers = await startServers();
});
after(() => servers.stop());

async function run(file: string, args: readonly string[], env: Record<string, string> = {}) {
  const { home, databaseUrl, redisUrl } = servers;
  return promisify(execFile)(process.execPath, ['--import', 'tsx', file, ...args], {
    cwd: ROOT,
    env: { ...process.env, STRATA_HOME: home, DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, ...env },
  });
}
const apiKey = (...args: string[]) => run('src/service/commands/api-key.ts', args);

test('the API refuses to listen to others without a key', async () => {
  const start = run('src/api/server.ts', [], { HOST: '0.0.0.0', PORT: '0' });
  await assert.rejects(start, /HOST is 0\.0\.0\.0.*there is no API key.*npm run api-key/);
});

test('a command makes, lists and revokes keys of any tenant', async () => {
  const { stdout } = await apiKey('create', '--name', 'ci', '--tenant', 'vision', '--scopes', 'jobs:read');
  const key = stdout.trim();
  const service = await createJobsService({ ...servers, blobUrl: `file://${servers.home}/blobs` });
  const principal = await service.authenticate(key);
  assert.deepEqual([principal?.tenant, principal?.scopes], ['vision', ['jobs:read']]);
  await service.close();
  const admin = await apiKey('create', '--name', 'me');
  assert.match(admin.stdout, /^strata_[0-9a-f]{24}_[0-9a-f]{64}\n$/);
  assert.ok(admin.stderr.includes(SCOPES.join(', ')));

  const list = await apiKey('list', '--tenant', 'vision');
  assert.match(list.stdout, /^key_[0-9a-f]{24} {2}\S+ {2}jobs:read {2}ci\n$/);
  const id = list.stdout.split(' ')[0] ?? '';
  await apiKey('revoke', id, '--tenant', 'vision');
  assert.equal((await apiKey('list', '--tenant', 'vision')).stdout, '');
  await assert.rejects(apiKey('revoke', id, '--tenant', 'vision'), /has no key/);
});

test('keys are listed by the Postgres of the service that holds the home, which goes on', async (t) => {
  const claimed = await claimHome(servers.home);
  t.after(() => claimed?.lock.release());
  const { pid } = await startPostgres(servers.home);
  const list = run('src/service/commands/api-key.ts', ['list'], { DATABASE_URL: '', REDIS_URL: '' });
  assert.match((await list).stdout, /^key_/);
  assert.equal((await startPostgres(servers.home)).pid, pid);
});

test('an invalid command shows its usage', async () => {
  await assert.rejects(apiKey('create'), /usage:/);
  await assert.rejects(
    apiKey('create', '--name', 'x', '--scopes', 'root'),
    /no scope 'root'; the scopes are jobs:read/,
  );
  await assert.rejects(apiKey('create', '--name', 'x', '--tenant', 'A b'), /--tenant must match/);
});
