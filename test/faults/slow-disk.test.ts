import assert from 'node:assert/strict';
import { chmod, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { smallJob } from '../jobs/support/specs.js';
import { temporaryFolder } from '../provision/temporary.js';
import { eventually } from '../support/eventually.js';
import { compilePreload } from '../support/preload.js';
import { FAKE_TRAINER, Strata } from '../support/strata.js';

const SOURCE = fileURLToPath(new URL('./chaos/slow-disk.cpp', import.meta.url));
/** Twice as long as a lease, at a heartbeat of 1.5 s. */
const RENEWALS = 8;
const RENEWED_MS = 120_000;

test('a disk of Postgres that takes two seconds for every sync costs a healthy worker no lease', async (t) => {
  const folder = await temporaryFolder(t);
  const slow = join(folder, 'slow');
  Object.assign(process.env, { LD_PRELOAD: await compilePreload(SOURCE, folder), SLOW_DISK: slow });
  const strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1 });
  delete process.env.LD_PRELOAD;
  t.after(() => strata.stop());
  await waitForDisk(strata.servers.adminUrl);
  await Promise.all([strata.startDispatcher(), strata.startWorker()]);
  await strata.orders.hold('stage-0-0');
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  await strata.orders.started('stage-0-0');

  await writeFile(slow, '');
  await chmod(slow, 0o666);
  await strata.sql.query("INSERT INTO dispatcher (id, host, pid, loops) VALUES ('probe', 'none', 1, '[]')");
  assert.ok((await stat(slow)).size > 0, 'a commit waits for the disk');
  const leases = new Set<string>();
  await eventually(
    'the lease is renewed',
    async () => {
      const { rows } = await strata.sql.query<{ until: string; attempt: number }>(
        "SELECT lease_until::text AS until, attempt FROM task WHERE key = 'stage-0-0' AND state = 'running'",
      );
      assert.deepEqual(
        rows.map(({ attempt }) => attempt),
        [1],
      );
      for (const { until } of rows) leases.add(until);
      return leases.size > RENEWALS;
    },
    RENEWED_MS,
  );
  await rm(slow);
  await strata.orders.release('stage-0-0');
  const ended = await strata.ended(job.id);
  assert.equal(ended.state, 'succeeded');
  const { rows } = await strata.sql.query<{ again: number }>(
    'SELECT sum(attempt - 1)::int AS again FROM task',
  );
  assert.deepEqual(rows, [{ again: 0 }]);
});

/** Makes every commit wait until it is on the disk, as outside of tests. */
async function waitForDisk(adminUrl: string): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query('ALTER SYSTEM SET fsync = on');
  await admin.query('SELECT pg_reload_conf()');
  await admin.end();
}
