import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { PredictionTask } from '../../../src/contract/predictor-protocol.js';
import { nodeCommand } from '../../../src/jobs/worker/children/node-command.js';
import { PredictorChild, PredictorGoneError } from '../../../src/jobs/worker/children/predictor-child.js';
import { Predictor } from '../../../src/jobs/worker/predictions/predictor.js';
import { eventually } from '../../support/eventually.js';

const command = nodeCommand(fileURLToPath(new URL('support/fake-predictor.mjs', import.meta.url)));
const BOUNDS = { memoryBytes: 2 ** 30, cpuSeconds: 60 };
let started = 0;
let predictor: Predictor;
beforeEach(() => use(60_000));
after(() => predictor.close());

async function use(slowestMs: number, cpuSeconds = 60): Promise<void> {
  await predictor?.close();
  started = 0;
  predictor = new Predictor(
    () => {
      started++;
      return new PredictorChild(command, process.env, BOUNDS);
    },
    slowestMs,
    cpuSeconds,
  );
}

const task = (order: string): PredictionTask => ({
  uri: 'sha256:0',
  image: { height: 1, width: 1, channels: 1 },
  storage: 'pixels',
  kind: 'pixels',
  items: [order],
  topK: 1,
});
const never = new AbortController().signal;
const ask = (order: string, signal = never) => predictor.ask(task(order), signal);
/** Answer of the fake predictor: its process id, or -1 where it was cancelled. */
async function answerOf(asked: ReturnType<typeof ask>): Promise<number | undefined> {
  const outcome = await asked;
  assert.ok(outcome.ok);
  return outcome.predictions[0]?.[0]?.index;
}

test('a question that ends the predictor fails; another of the same moment is answered by a fresh one', async () => {
  const shared = await answerOf(ask('a'));
  const crash = ask('crash');
  const innocent = ask('b');
  await assert.rejects(crash, PredictorGoneError);
  assert.ok((await answerOf(innocent)) !== undefined);
  assert.notEqual(await answerOf(ask('c')), shared);
});

test('questions that were lost are each asked alone: the one at fault takes no other with it twice', async () => {
  await answerOf(ask('a'));
  const crash = ask('crash');
  const others = ['slow', 'slow'].map((order) => ask(order));
  await assert.rejects(crash, PredictorGoneError);
  assert.equal(started, 4, 'the shared one, and one for each question');
  // Two of them still answer later; the end of the service ends them.
  const ended = Promise.allSettled(others);
  await predictor.close();
  assert.deepEqual([...new Set((await ended).map(({ status }) => status))], ['rejected']);
});

test('a predictor that hangs is killed, and the question that waited with it is answered', async () => {
  await use(5_000);
  const hang = ask('hang');
  const innocent = ask('b');
  await Promise.all([assert.rejects(hang, PredictorGoneError), answerOf(innocent)]);
});

test('a predictor that has used its processor time answers its open questions; the next one goes to another', async () => {
  await use(60_000, 0);
  const leaving = new AbortController();
  const open = ask('wait', leaving.signal);
  const first = await answerOf(ask('a'));
  const second = await answerOf(ask('b'));
  assert.notEqual(second, first);
  leaving.abort();
  assert.equal(await answerOf(open), -1);
  assert.equal(started, 3);
  const isGone = () => first !== undefined && !existsSync(`/proc/${first}`);
  await eventually('the first has ended', isGone);
});

test('a question that takes memory without end is ended by the kernel, and its neighbour is answered', async () => {
  const fill = ask('fill');
  const innocent = ask('slow', AbortSignal.timeout(60_000));
  const gone = assert.rejects(fill, PredictorGoneError);
  await gone;
  assert.equal(started, 3);
  await Promise.all([predictor.close(), assert.rejects(innocent, PredictorGoneError)]);
});

test('a cancelled question is told to the predictor', async () => {
  const leaving = new AbortController();
  const waiting = ask('wait', leaving.signal);
  assert.ok((await answerOf(ask('a'))) !== undefined);
  leaving.abort();
  assert.equal(await answerOf(waiting), -1);
  assert.equal(await answerOf(ask('wait', leaving.signal)), -1, 'also where the caller has left before');
});
