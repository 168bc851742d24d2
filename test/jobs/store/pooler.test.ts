import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import pg from 'pg';
import { listen } from '../../../src/jobs/store/connection/notify.js';
import { limitRole, workWithoutLimits } from '../../../src/jobs/store/connection/role-limits.js';
import { findPooler, keepsPreparedStatements, NEEDED, startPooler } from '../../support/pooler.js';
import { startServers } from '../../support/servers.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

const LIMIT_MS = 300;
const STATEMENT_TIMEOUT = '57014';

/** Ends by the limit of Postgres itself, and its session goes on. */
async function endsByLimit(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  // Postgres says why, and the pooler after it.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await assert.rejects(client.query('SELECT pg_sleep(60)'), { code: STATEMENT_TIMEOUT });
    await client.query('BEGIN');
    const ended = once(client, 'error');
    await ended;
  } finally {
    await client.end().catch(() => undefined);
  }
}

test('a role has its limits in sessions that bring none, as those of a pooler do, and keeps other ones', async (t) => {
  const servers = await startServers();
  const clients: pg.Client[] = [];
  t.after(async () => {
    await Promise.all(clients.map((client) => client.end()));
    await servers.stop();
  });
  const { databaseUrl } = servers;
  const connect = async () => {
    const client = new pg.Client({ connectionString: databaseUrl });
    clients.push(client);
    await client.connect();
    return client;
  };
  await limitRole({ databaseUrl });
  const limits = async (of: pg.ClientBase) =>
    (
      await of.query(
        "SELECT current_setting('statement_timeout') AS one, current_setting('idle_in_transaction_session_timeout') AS two",
      )
    ).rows[0];
  assert.deepEqual(
    await limits(await connect()),
    { one: '0', two: '0' },
    'without a pooler it is left alone',
  );
  const addresses = { databaseUrl, directUrl: databaseUrl };
  // Two processes that start at once.
  await Promise.all([limitRole(addresses, LIMIT_MS), limitRole(addresses, LIMIT_MS)]);
  await endsByLimit(databaseUrl);
  await limitRole(addresses, 60_000);
  await endsByLimit(databaseUrl);
  const long = await connect();
  assert.deepEqual(await limits(long), { one: '300ms', two: '300ms' });
  await workWithoutLimits(long);
  assert.deepEqual(await limits(long), { one: '0', two: '0' });
  await assert.rejects(
    limitRole({ databaseUrl, directUrl: 'postgresql://nobody@127.0.0.1:1/none' }),
    /^Error: DATABASE_DIRECT_URL: .*ECONNREFUSED/,
  );
});

const found = findPooler();

test('PgBouncer with transaction pooling', {
  skip: found === null && 'PgBouncer is not installed',
}, async (t) => {
  const strata = await Strata.start({ trainer: FAKE_TRAINER });
  t.after(() => strata.stop());
  const direct = strata.servers.databaseUrl;
  const pooler = await startPooler(direct);
  t.after(() => pooler.stop());

  await t.test('a process that listens does not start without a direct address', async () => {
    await assert.rejects(listen({ databaseUrl: pooler.url }, {}, 1_000), /DATABASE_DIRECT_URL: .* PgBouncer/);
  });

  const skip =
    !(found && keepsPreparedStatements(found)) &&
    `it keeps no prepared statements before ${NEEDED.join('.')}`;
  await t.test('a job runs with one', { skip }, async () => {
    const addresses = { DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: direct };
    await Promise.all([strata.startDispatcher(addresses), strata.startWorker(addresses)]);
    const { rows } = await strata.sql.query(
      `SELECT setting FROM pg_db_role_setting, unnest(setconfig) AS setting
       WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1`,
    );
    assert.deepEqual(
      rows.map(({ setting }) => setting),
      ['idle_in_transaction_session_timeout=30000', 'statement_timeout=30000'],
    );
    const { job } = await strata.client.jobs.createJob(smallJob(), {});
    const ended = await strata.ended(job.id);
    assert.equal(ended.state, 'succeeded');
  });

  await t.test('statements and transactions that hang are ended through it', async () => {
    const user = new URL(direct).username;
    await strata.sql.query(
      `ALTER ROLE ${pg.escapeIdentifier(user)} IN DATABASE ${pg.escapeIdentifier(new URL(direct).pathname.slice(1))} RESET ALL`,
    );
    await limitRole({ databaseUrl: pooler.url, directUrl: direct }, LIMIT_MS);
    // One without sessions from before.
    const fresh = await startPooler(direct);
    try {
      await endsByLimit(fresh.url);
    } finally {
      await fresh.stop();
    }
  });
});
