import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { after, before, test } from 'node:test';
import { checkPostgres } from '../../../src/jobs/store/connection/check-postgres.js';
import { type Database, openDatabase } from '../../../src/jobs/store/connection/database.js';
import { listen } from '../../../src/jobs/store/connection/notify.js';
import { garbageHorizon } from '../../../src/jobs/store/references.js';
import { Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

// A server whose own zone is not UTC: of the machine at initdb, of the database or of the role. Prisma's driver leaves out
// the offset of every time, so each session must have UTC.
const ZONES = ['Asia/Kolkata', 'America/St_Johns', 'Europe/Berlin', 'Pacific/Kiritimati'];

let strata: Strata;
before(async () => {
  strata = await Strata.start();
});
after(() => strata.stop());

async function inZone<T>(zone: string, ask: (db: Database) => Promise<T>): Promise<T> {
  await strata.sql.query(`ALTER DATABASE strata SET timezone = '${zone}'`);
  const db = await openDatabase(strata.servers.databaseUrl);
  try {
    return await ask(db);
  } finally {
    await db.$disconnect();
  }
}

/** Now is between the two, give or take what a column's milliseconds cut off. */
function assertBetween(time: Date | null | undefined, before: Date, after: Date, about: string): void {
  assert.ok(time, about);
  const ms = time.getTime();
  assert.ok(
    ms >= before.getTime() - 1_000 && ms <= after.getTime() + 1_000,
    `${about}: ${time.toISOString()}`,
  );
}

for (const zone of ZONES) {
  test(`times are read and written as they are where the server is in ${zone}`, async () => {
    await inZone(zone, async (db) => {
      assert.equal((await db.pool.query('SHOW TimeZone')).rows[0].TimeZone, 'UTC');
      const begun = new Date();
      const { job } = await strata.client.jobs.createJob(smallJob(), {});
      const row = await db.job.findUniqueOrThrow({ where: { id: job.id } });
      assertBetween(row.createdAt, begun, new Date(), 'read through Prisma');
      const noon = new Date('2026-01-01T12:00:00Z');
      await db.job.update({ where: { id: job.id }, data: { startedAt: noon } });
      const { rows } = await strata.sql.query(
        `SELECT started_at = '2026-01-01T12:00:00Z'::timestamptz AS same FROM job WHERE id = $1`,
        [job.id],
      );
      assert.equal(rows[0].same, true, 'written through Prisma');
      assertBetween(await garbageHorizon(db, 0), begun, new Date(), 'the horizon of garbage collection');
    });
  });
}

test('a transaction, and a connection that was opened later, have the zone too', async () => {
  await inZone('Asia/Kolkata', async (db) => {
    const zones = await Promise.all(
      Array.from({ length: 6 }, () =>
        db.$transaction(async (tx) => {
          const rows = await tx.$queryRaw<{ TimeZone: string }[]>`SHOW TimeZone`;
          return rows[0]?.TimeZone;
        }),
      ),
    );
    assert.deepEqual(new Set(zones), new Set(['UTC']));
  });
});

/** A pooler that does not keep what a session sets: to the server `SET TIME ZONE 'UTC'` reads as another zone. */
class CarelessPooler {
  private readonly sockets = new Set<Socket>();
  private constructor(private readonly server: Server) {}

  static async start(databaseUrl: string): Promise<CarelessPooler> {
    const { port } = new URL(databaseUrl);
    const server = createServer((client) => {
      const upstream = connect(Number(port), '127.0.0.1');
      for (const socket of [client, upstream]) {
        pooler.sockets.add(socket);
        socket.on('error', () => undefined);
      }
      client.pipe(forgetful()).pipe(upstream).pipe(client);
    });
    const pooler = new CarelessPooler(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return pooler;
  }

  url(databaseUrl: string): string {
    const url = new URL(databaseUrl);
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

/** Words of the same length: the protocol counts bytes. */
function forgetful(): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const at = chunk.indexOf("SET TIME ZONE 'UTC'");
      if (at >= 0) chunk.write('EST', at + "SET TIME ZONE '".length);
      done(null, chunk);
    },
  });
}

test('nothing starts where a session cannot have the zone UTC, and the error says why', async () => {
  const pooler = await CarelessPooler.start(strata.servers.databaseUrl);
  const url = pooler.url(strata.servers.databaseUrl);
  try {
    for (const start of [
      () => openDatabase(url),
      () => checkPostgres(url),
      () => listen({ databaseUrl: url }, { strata_event: () => undefined }),
    ]) {
      await assert.rejects(start(), { code: 'database_time_zone', message: /stays EST/ });
    }
  } finally {
    pooler.stop();
  }
});
