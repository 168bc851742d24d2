import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { Redis } from 'ioredis';
import { openQuestionRoom, type QuestionRoom, questionId } from '../../../src/jobs/queue/question-room.js';
import { startRedis } from '../../../src/provision/redis/redis.js';

let home: string;
let server: Awaited<ReturnType<typeof startRedis>>;
let redis: Redis;
let room: QuestionRoom;
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'strata-room-'));
  server = await startRedis(home);
  redis = new Redis(server.url);
  room = openQuestionRoom(redis, { places: 32, keptMs: 60_000 });
});
after(async () => {
  room.close();
  await server.stop();
  await rm(home, { recursive: true, force: true });
});
beforeEach(() => redis.flushall());

const PLENTY = 100;
/** @returns the places that the tenant got */
async function enter(tenant: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => questionId(randomUUID(), tenant));
  const entered: string[] = [];
  for (const id of ids) if ((await room.enter(id, { tenant })) === null) entered.push(id);
  return entered;
}
const tenantOf = (id: string | undefined) => id?.split(':')[1];

test('a tenant fills half of the places that others leave free, so the first question of another has one', async () => {
  const filled: number[] = [];
  for (const tenant of ['a', 'b', 'c', 'd', 'e']) filled.push((await enter(tenant, 40)).length);
  assert.deepEqual(filled, [16, 8, 4, 2, 1]);
});

test('questions are taken in turns of tenants, oldest first within one', async () => {
  const hostile = await enter('hostile', 6);
  await enter('good', 2);
  const taken: string[] = [];
  for (let turn = 0; turn < 8; turn++) {
    const question = await room.take('server', 'hint', PLENTY);
    taken.push(question?.id ?? '');
    await room.finish('server', 'hint');
  }
  const turns = taken.map(tenantOf).join(' ');
  assert.equal(turns, 'hostile good hostile good hostile hostile hostile hostile');
  assert.deepEqual(
    taken.filter((id) => tenantOf(id) === 'hostile'),
    hostile,
  );
});

test('a tenant holds no more places at a server than it may, and others have the rest', async () => {
  await enter('hostile', 6);
  const take = (server: string, hint: string) => room.take(server, hint, 2);
  assert.equal((await take('server', 'hint_1'))?.id.slice(37), 'hostile');
  assert.equal((await take('server', 'hint_2'))?.id.slice(37), 'hostile');
  assert.equal(await take('server', 'hint_3'), null);
  await enter('good', 1);
  assert.equal((await take('server', 'hint_4'))?.id.slice(37), 'good');
  assert.equal(
    (await take('other', 'hint_5'))?.id.slice(37),
    'hostile',
    'places of another server are its own',
  );
});

test('a hint that comes back to another server gets the question of the dead one', async () => {
  const [id] = await enter('a', 1);
  assert.equal((await room.take('dead', 'hint', 1))?.id, id);
  assert.deepEqual(await room.take('alive', 'hint', 1), { id, question: { tenant: 'a' } });
  assert.equal(await room.take('dead', 'another', 1), null, 'it is in work once');
});

test('a question that is left is over, whether it waits or is in work', async () => {
  const [first = '', second = '', third = ''] = await enter('a', 3);
  await room.leave(second);
  assert.equal((await room.take('server', 'hint', PLENTY))?.id, first);
  assert.equal(await room.isOpen(first), true);
  await room.leave(first);
  assert.equal(await room.isOpen(first), false);
  assert.equal((await room.take('server', 'hint', PLENTY))?.id, third);
  assert.equal(await room.take('server', 'hint_2', PLENTY), null);
});
