import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { listen } from '../../../src/jobs/store/connection/notify.js';
import { chooseRunAs } from '../../../src/provision/postgres/run-as.js';
import { freePort } from '../../../src/provision/processes.js';
import { eventually } from '../../support/eventually.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

/** The first version that keeps prepared statements in transaction pooling. */
const NEEDED = [1, 21] as const;

/** A program of one's own: PGBOUNCER=/path/to/pgbouncer. */
const program = process.env.PGBOUNCER ?? 'pgbouncer';
const version = versionOf(program);
const isRecent =
  version !== null && (version[0] > NEEDED[0] || (version[0] === NEEDED[0] && version[1] >= NEEDED[1]));

function versionOf(file: string): readonly [number, number] | null {
  try {
    const [, major, minor] = /PgBouncer (\d+)\.(\d+)/.exec(
      execFileSync(file, ['--version'], { encoding: 'utf8' }),
    )!;
    return [Number(major), Number(minor)];
  } catch {
    return null;
  }
}

/** Starts PgBouncer as docs/operating.md says. @returns the address of the database through it */
async function startPooler(databaseUrl: string): Promise<{ url: string; stop(): Promise<void> }> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const folder = await mkdtemp(join(tmpdir(), 'strata-pooler-'));
  const own = await freePort();
  const file = join(folder, 'pgbouncer.ini');
  const lines = [
    '[databases]',
    `* = host=${hostname} port=${port} user=${username} password=${password}`,
    '[pgbouncer]',
    `listen_addr = 127.0.0.1\nlisten_port = ${own}\nunix_socket_dir =`,
    'auth_type = any',
    'pool_mode = transaction\ndefault_pool_size = 5',
    ...(isRecent ? ['max_prepared_statements = 500'] : []),
    'ignore_startup_parameters = extra_float_digits,statement_timeout,idle_in_transaction_session_timeout',
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  await chmod(folder, 0o755);
  // It does not run as root.
  const child = spawn(...(await chooseRunAs()).command(program, [file]), { stdio: 'ignore' });
  const url = Object.assign(new URL(databaseUrl), { port: String(own), pathname }).href;
  await eventually('PgBouncer', async () => {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    return client.connect().then(
      () => client.end().then(() => true),
      () => false,
    );
  });
  return {
    url,
    async stop() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      await rm(folder, { recursive: true });
    },
  };
}

test('PgBouncer with transaction pooling', {
  skip: version === null && 'PgBouncer is not installed',
}, async (t) => {
  const strata = await Strata.start({ trainer: FAKE_TRAINER });
  t.after(() => strata.stop());
  const direct = strata.servers.databaseUrl;
  const pooler = await startPooler(direct);
  t.after(() => pooler.stop());

  await t.test('a process that listens does not start without a direct address', async () => {
    await assert.rejects(listen({ databaseUrl: pooler.url }, {}, 1_000), /DATABASE_DIRECT_URL: .* PgBouncer/);
  });

  const skip = !isRecent && `it keeps no prepared statements before ${NEEDED.join('.')}`;
  await t.test('a job runs with one', { skip }, async () => {
    const addresses = { DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: direct };
    await Promise.all([strata.startDispatcher(addresses), strata.startWorker(addresses)]);
    const { job } = await strata.client.jobs.createJob(smallJob(), {});
    const ended = await strata.ended(job.id);
    assert.equal(ended.state, 'succeeded');
  });
});
