import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { within } from '../../src/contract/within.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** The clocks under test do not keep the process alive, as in a server. */
const awake = setInterval(() => undefined, 1000);
test.after(() => clearInterval(awake));

/** Resolves with the reason; what waits holds the signal by its listener alone. */
function reasonOf(ms: number, signal: AbortSignal): Promise<DOMException | Error> {
  const over = within(ms, signal);
  return new Promise((resolve) => over.addEventListener('abort', () => resolve(over.reason)));
}

test('a signal that nobody holds aborts after its time, although garbage was collected meanwhile', async () => {
  const reason = reasonOf(50, new AbortController().signal);
  collect();
  assert.equal((await reason).name, 'TimeoutError');
});

test('a signal aborts with the other one, for its reason, also with one that has aborted before', async () => {
  const controller = new AbortController();
  const reason = reasonOf(60_000, controller.signal);
  controller.abort(new Error('closing'));
  assert.equal((await reason).message, 'closing');
  const late = within(60_000, controller.signal);
  assert.equal(late.aborted, true);
  assert.equal(late.reason.message, 'closing');
});

test('a signal that ran out of time leaves no listener at the other one', async () => {
  const controller = new AbortController();
  const over = within(1, controller.signal);
  await once(over, 'abort');
  controller.abort(new Error('later'));
  assert.equal(over.reason.name, 'TimeoutError');
});
