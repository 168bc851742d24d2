import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { acquire, tryAcquire, withLock } from '../../src/provision/lock.js';

test('one holder at a time; the next one goes on when it is released', async () => {
  const order: string[] = [];
  const first = await acquire('test-lock');
  assert.equal(await tryAcquire('test-lock'), undefined);
  let second: Promise<unknown> = Promise.resolve();
  await new Promise<void>((waits) => {
    second = withLock(
      'test-lock',
      async () => order.push('second'),
      () => {
        order.push('waits');
        waits();
      },
    );
  });
  await first();
  await second;
  assert.deepEqual(order, ['waits', 'second']);
});

test('a lock whose holder is killed is free again', async () => {
  const lock = new URL('../../src/provision/lock.ts', import.meta.url).href;
  const script = `import('${lock}').then((m) => m.acquire('test-killed')).then(() => {
    console.log('held');
    setInterval(() => {}, 1000);
  })`;
  const holder = spawn(process.execPath, ['--import', 'tsx', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  assert.equal(await tryAcquire('test-killed'), undefined);
  const waiting = acquire('test-killed');
  holder.kill('SIGKILL');
  await (await waiting)();
});
