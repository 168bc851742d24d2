import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeTogether } from '../../../src/jobs/client/together/write-together.js';

/** A store whose writes end when the test says so. */
function controlled() {
  const writes: { readonly rows: readonly number[]; end(error?: Error): void }[] = [];
  const write = (rows: readonly number[]) =>
    new Promise<number[]>((resolve, reject) => {
      writes.push({ rows, end: (error) => (error ? reject(error) : resolve(rows.map((row) => -row))) });
    });
  return { writes, write };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('rows that arrive during a write share the next one; many rows do not wait for it', async () => {
  const { writes, write } = controlled();
  const put = writeTogether(write, () => false);
  const few = [1, 2, 3].map(put);
  assert.deepEqual(
    writes.map(({ rows }) => rows),
    [[1]],
  );
  const many = Array.from({ length: 100 }, (_, index) => put(index + 4));
  assert.deepEqual(
    writes.map(({ rows }) => rows.length),
    [1, 16],
    'no more than two at once',
  );
  writes[1]?.end();
  await turn();
  assert.equal(writes[2]?.rows.length, 86);
  for (const { end } of writes) end();
  assert.deepEqual(
    await Promise.all([...few, ...many]),
    Array.from({ length: 103 }, (_, index) => -index - 1),
  );
  void put(104);
  assert.deepEqual(writes[3]?.rows, [104]);
});

test('only an invalid row fails; if the store is down, all rows fail', async () => {
  const refused = new Error('no negative numbers');
  const written: number[] = [];
  let away = false;
  const put = writeTogether(
    async (rows: readonly number[]) => {
      await turn();
      if (away) throw new Error('away');
      if (rows.some((row) => row < 0)) throw refused;
      written.push(...rows);
      return rows;
    },
    (error) => error === refused,
  );
  const results = await Promise.allSettled([1, 2, 3, -4, 5].map(put));
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(written.toSorted(), [1, 2, 3, 5]);
  away = true;
  const lost = await Promise.allSettled([6, 7, 8, 9].map(put));
  assert.ok(lost.every(({ status }) => status === 'rejected'));
});
