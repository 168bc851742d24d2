import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { after, before, test } from 'node:test';
import { type Database, openDatabase } from '../../../src/jobs/store/connection/database.js';
import { isUnavailable } from '../../../src/jobs/store/connection/unavailable.js';
import { Line } from '../../faults/chaos/line.js';
import { type Servers, startServers } from '../../support/servers.js';

const STATEMENT_MS = 500;

let servers: Servers;
let line: Line;
let db: Database;
before(async () => {
  servers = await startServers();
  const url = new URL(servers.databaseUrl);
  line = await Line.start(Number(url.port));
  url.port = String(line.port);
  db = await openDatabase(url.href, STATEMENT_MS);
});
after(async () => {
  await db.$disconnect();
  await line.stop();
  await servers.stop();
});

const works = async () => assert.deepEqual(await db.$queryRaw`SELECT 1 AS one`, [{ one: 1 }]);
/** One that Postgres has not cached for us: it waits in vain for an answer, or for its time. */
const lasts = (seconds: number) => db.$executeRaw`SELECT pg_sleep(${seconds}::float8)`;

test('a statement that takes too long is ended by Postgres; its connection goes on', async () => {
  await assert.rejects(lasts(30), isUnavailable);
  await works();
});

test('a connection that went dead without a word is given up, alone and in a transaction; the pool replaces it', async () => {
  await works();
  line.cut();
  // New connections work. Existing ones get no sign that they are dead.
  line.mend();
  await assert.rejects(works(), isUnavailable);
  await works();
  const inTransaction = db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1`;
    line.cut();
    line.mend();
    await tx.$queryRaw`SELECT 1`;
  });
  await assert.rejects(inTransaction, isUnavailable);
  // The full number of connections of the pool, so that a dead one among them would be used.
  await Promise.all(Array.from({ length: 8 }, works));
});

test('a process that hangs in a transaction loses its locks', async () => {
  const lock = 'SELECT pg_advisory_xact_lock(1)';
  const moments = new EventEmitter();
  const [isLocked, goesOn] = [once(moments, 'locked'), once(moments, 'go on')];
  const holder = db.$transaction(async (tx) => {
    await tx.$executeRawUnsafe(lock);
    moments.emit('locked');
    await goesOn;
    await tx.$executeRawUnsafe(lock);
  });
  await isLocked;
  const patient = await openDatabase(servers.databaseUrl);
  await patient.$transaction((tx) => tx.$executeRawUnsafe(lock));
  await patient.$disconnect();
  moments.emit('go on');
  await assert.rejects(holder, isUnavailable);
  await works();
});
