import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { boundedCommand } from '../../../../src/jobs/worker/children/bounded-command.js';

const GIGABYTE = 2 ** 30;
const node = (code: string) => [process.execPath, '-e', code];

function run(code: string, bounds: { memoryBytes: number; cpuSeconds: number }) {
  const [file = '', ...args] = boundedCommand(node(code), bounds);
  return spawnSync(file, args, { encoding: 'utf8' });
}

test('a child gets all memory up to its bound, and none beyond it', () => {
  const fill = (bytes: number) => `Buffer.alloc(${bytes}, 1); console.log('held')`;
  const bounds = { memoryBytes: GIGABYTE, cpuSeconds: 60 };
  assert.equal(run(fill(GIGABYTE / 8), bounds).stdout, 'held\n');
  const ended = run(fill(2 * GIGABYTE), bounds);
  assert.notEqual(ended.status, 0);
  assert.equal(ended.stdout, '');
});

test('a child that computes beyond its bound is ended by the kernel', () => {
  assert.equal(run('for (;;);', { memoryBytes: GIGABYTE, cpuSeconds: 1 }).signal, 'SIGXCPU');
});

test('a bounded child keeps its arguments, its process id and its channel', async () => {
  const code = 'process.send([process.pid, process.argv.at(-1)], () => process.disconnect())';
  const [file = '', ...args] = boundedCommand([...node(code), '--', 'a "b" $c'], {
    memoryBytes: GIGABYTE,
    cpuSeconds: 60,
  });
  const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [message] = await once(child, 'message');
  assert.deepEqual(message, [child.pid, 'a "b" $c']);
  await once(child, 'exit');
});
