import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sessions } from '../../src/predictor/sessions.js';

/** Models whose name is their size in bytes, and a record of loads and releases. */
function counted(maxBytes: number) {
  const log: string[] = [];
  const sessions = new Sessions<string>(async (key) => {
    log.push(`+${key}`);
    if (key.startsWith('bad')) throw new Error('no such model');
    const release = async () => void log.push(`-${key}`);
    return { value: key, sizeBytes: Number(key.split('-')[0]), release };
  }, maxBytes);
  return { sessions, log, touch: (key: string) => sessions.use(key, async (value) => value) };
}

test('a model stays loaded until others need its memory; the least recently used is released first', async () => {
  const { sessions, log, touch } = counted(10);
  for (const key of ['4-a', '4-b', '4-a', '4-c', '4-a']) assert.equal(await touch(key), key);
  assert.deepEqual(log, ['+4-a', '+4-b', '+4-c', '-4-b']);
  assert.equal(sessions.loadedBytes, 8);
});

test('a model larger than the cache is loaded alone, and released for the next one', async () => {
  const { log, touch } = counted(10);
  for (const key of ['4-a', '99-b', '99-b', '4-a']) await touch(key);
  assert.deepEqual(log, ['+4-a', '+99-b', '-4-a', '+4-a', '-99-b']);
});

test('a model in use is released after its last request', async () => {
  const { sessions, log, touch } = counted(5);
  let done = () => {};
  const inUse = sessions.use('4-a', async () => {
    await new Promise<void>((resolve) => {
      done = resolve;
    });
    log.push('computed 4-a');
  });
  await touch('4-b');
  done();
  await inUse;
  assert.deepEqual(log, ['+4-a', '+4-b', 'computed 4-a', '-4-a']);
});

test('concurrent callers share one loading; each gets its failure, and a later call tries again', async () => {
  const { log, touch } = counted(10);
  await Promise.all([touch('4-a'), touch('4-a')]);
  const answers = await Promise.allSettled([touch('bad'), touch('bad')]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  await assert.rejects(touch('bad'), /no such model/);
  assert.deepEqual(log, ['+4-a', '+bad', '+bad']);
});
