// Plain JavaScript, because it starts in a moment. It does as the first item of a task says: `crash` ends the process,
// `hang` blocks it, `fill` takes memory without end, `wait` answers once it is cancelled, `slow` after a minute. It
// answers anything else with its process id.
import { setTimeout as delay } from 'node:timers/promises';

const cancels = new Map();
const ORDERS = {
  // After the other questions of the same moment have arrived.
  crash: () => setImmediate(() => process.kill(process.pid, 'SIGSEGV')),
  hang: () => setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)),
  async fill() {
    for (const held = []; ; await delay(0)) held.push(Buffer.alloc(2 ** 26, 1));
  },
  wait: (id) => cancels.set(id, () => answer(id, -1)),
  slow: (id) => setTimeout(() => answer(id, process.pid), 60_000),
};

function answer(id, index) {
  const ms = { load: 0, decode: 0, compute: 0 };
  const outcome = { ok: true, ms, predictions: [[{ index, probability: 1 }]] };
  process.send({ type: 'answer', id, outcome });
}

process.on('message', ({ type, id, task }) => {
  if (type === 'cancel') return cancels.get(id)?.();
  const order = ORDERS[task.items[0]];
  if (order) order(id);
  else answer(id, process.pid);
});
process.on('disconnect', () => process.exit(0));
