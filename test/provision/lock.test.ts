import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { works } from '../../src/provision/exec.js';
import { acquire, lockNote, tryAcquire, withLock } from '../../src/provision/lock.js';
import { temporaryFolder } from './temporary.js';

const MODULE = new URL('../../src/provision/lock.ts', import.meta.url).href;
const namespaces = await works('unshare', '--user', '--net', '--map-root-user', 'true');

/** Another process that takes the lock of a path and keeps it, behind `prefix`; killed when the test ends. */
async function holderOf(t: TestContext, path: string, prefix: readonly string[] = []) {
  const script = `import('${MODULE}').then((m) => m.acquire(process.argv[1])).then((lock) => {
    console.log('held');
    setInterval(() => lock, 1000);
  })`;
  const [file = '', ...args] = [...prefix, process.execPath, '--import', 'tsx', '--eval', script, path];
  const holder = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  return holder;
}

test('a lock has one holder at a time; the next one continues when it is released', async (t) => {
  const path = join(await temporaryFolder(t), 'thing');
  const order: string[] = [];
  const first = await acquire(path);
  assert.equal(await tryAcquire(path), undefined);
  let second: Promise<unknown> = Promise.resolve();
  await new Promise<void>((waits) => {
    second = withLock(
      path,
      async () => order.push('second'),
      () => {
        order.push('waits');
        waits();
      },
    );
  });
  first.release();
  await second;
  assert.deepEqual(order, ['waits', 'second']);
});

test('a lock whose holder is killed is free again', async (t) => {
  const path = join(await temporaryFolder(t), 'thing');
  const holder = await holderOf(t, path);
  assert.equal(await tryAcquire(path), undefined);
  const waiting = acquire(path);
  holder.kill('SIGKILL');
  (await waiting).release();
});

test('every spelling of a path has one lock', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'real'));
  await symlink(join(folder, 'real'), join(folder, 'link'));
  const lock = await acquire(join(folder, 'link/../link', 'thing'));
  lock.write('mine');
  assert.equal(await tryAcquire(join(folder, 'real/thing')), undefined);
  assert.equal(await lockNote(join(folder, 'real/thing')), 'mine');
  lock.release();
  (await acquire(join(folder, 'real/thing'))).release();
});

test('a process in other namespaces finds the lock taken', {
  skip: namespaces ? false : 'unshare(1) may not make a user and a network namespace here',
}, async (t) => {
  const path = join(await temporaryFolder(t), 'thing');
  await holderOf(t, path, ['unshare', '--user', '--net', '--map-root-user']);
  assert.equal(await tryAcquire(path), undefined);
});

test('a process that waited for a lock whose folder was removed takes the new one', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'home', 'service');
  const first = await acquire(path);
  let second: Promise<{ release(): void }> | undefined;
  await new Promise<void>((onWait) => {
    second = acquire(path, { onWait });
  });
  await rm(join(folder, 'home'), { recursive: true });
  first.release();
  const held = await second;
  assert.equal(
    await tryAcquire(path),
    undefined,
    'the second holds the lock of the folder that is there now',
  );
  held?.release();
});

test('a cancelled wait ends', async (t) => {
  const path = join(await temporaryFolder(t), 'thing');
  const first = await acquire(path);
  const over = new AbortController();
  const waiting = acquire(path, { signal: over.signal, onWait: () => over.abort() });
  await assert.rejects(waiting, { name: 'AbortError' });
  first.release();
});
