import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { openDatabase } from '../../../src/jobs/store/connection/database.js';
import { listen, notify } from '../../../src/jobs/store/connection/notify.js';
import { Line } from '../../faults/chaos/line.js';
import { startServers } from '../../support/servers.js';

test('a listener whose connection went dead without a word is back by itself', async (t) => {
  const servers = await startServers();
  t.after(() => servers.stop());
  const url = new URL(servers.databaseUrl);
  const line = await Line.start(Number(url.port));
  t.after(() => line.stop());
  url.port = String(line.port);
  const nudges = new EventEmitter();
  const listener = await listen(
    { databaseUrl: url.href },
    { strata_dispatch: (payload) => nudges.emit('nudge', payload) },
  );
  t.after(() => listener.close());
  line.cut();
  // New connections work. The old one gets no sign that it is dead.
  line.mend();
  const [missed] = await once(nudges, 'nudge');
  assert.equal(missed, '', 'a nudge after it connected again, since others may have been missed');
  const db = await openDatabase(servers.databaseUrl);
  t.after(() => db.$disconnect());
  const heard = once(nudges, 'nudge');
  notify(db, 'strata_dispatch', 'hello');
  assert.deepEqual(await heard, ['hello']);
});

test('a listener that hears nothing of what is sent through the other address does not start', async (t) => {
  const servers = await startServers();
  t.after(() => servers.stop());
  // As behind a pooler of transactions: statements work, and what is sent arrives nowhere.
  const elsewhere = Object.assign(new URL(servers.adminUrl), { pathname: 'postgres' }).href;
  const addresses = { databaseUrl: elsewhere, directUrl: servers.databaseUrl };
  await assert.rejects(listen(addresses, {}, 100), /^Error: DATABASE_DIRECT_URL: .* does not arrive/);
});
