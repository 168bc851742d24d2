import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { LogLine } from '../../../src/contract/client/jobs.js';
import { openDatabase } from '../../../src/jobs/store/connection/database.js';
import { lockJob } from '../../../src/jobs/store/jobs.js';
import { appendLogLines, type NewLogLine } from '../../../src/jobs/store/log-lines.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

let strata: Strata;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER });
  await Promise.all([strata.startDispatcher(), strata.startWorker()]);
});
after(() => strata.stop());
beforeEach(() => strata.orders.clear());

const create = async (): Promise<string> => (await strata.client.jobs.createJob(smallJob(), {})).job.id;
const logOf = async (id: string, task?: string): Promise<LogLine[]> =>
  (await strata.client.jobs.listJobLogs(id, { after: 0, task, limit: 1000 })).data;

test('the last output of a killed trainer is in the log when its attempt has ended, and the next attempt follows', async () => {
  await strata.orders.die('stage-1-1', 'first\nlast words');
  const id = await create();
  await strata.event(id, 'task.retried');
  const lines = await logOf(id, 'stage-1-1');
  assert.deepEqual(
    lines.map(({ attempt, stream, text }) => `${attempt} ${stream} ${text}`),
    ['1 stdout first', '1 stdout last words'],
  );
  await strata.orders.print('stage-1-2', 'ä\n\nb\n');
  assert.equal((await strata.ended(id)).state, 'succeeded');
  assert.deepEqual(
    (await logOf(id)).map(({ seq }) => seq),
    (await logOf(id)).map((_, index) => index + 1),
  );
});

test('a follower gets every line once, also those printed last, and ends with the job', async () => {
  const printed = Array.from({ length: 300 }, (_, index) => `line ${index}`);
  await strata.orders.print('stage-0-0', `${printed.join('\n')}\n`);
  await strata.orders.print('finalize', 'the end');
  const id = await create();
  const seen: LogLine[] = [];
  for await (const line of strata.client.jobs.followJobLogs(id, { after: 0 }, new AbortController().signal)) {
    seen.push(line);
  }
  assert.equal((await strata.client.jobs.getJob(id))?.state, 'succeeded');
  assert.deepEqual(seen, await logOf(id));
  const own = seen.filter(({ task }) => task === 'stage-0-0').map(({ text }) => text);
  assert.deepEqual(own, printed);
  assert.equal(seen.at(-1)?.text, 'the end');
});

test('a cancelled job has the lines that its trainers had printed', async () => {
  await strata.orders.hold('stage-1-1');
  await strata.orders.print('stage-1-1', 'without a break');
  const id = await create();
  await strata.orders.started('stage-1-1');
  await strata.client.jobs.cancelJob(id, { force: true });
  assert.equal((await strata.ended(id)).state, 'cancelled');
  assert.deepEqual(
    (await logOf(id, 'stage-1-1')).map(({ text }) => text),
    ['without a break'],
  );
});

test('lines written again, after an answer that was lost, are there once; another attempt has its own', async () => {
  const db = await openDatabase(strata.servers.databaseUrl);
  const id = await create();
  await strata.ended(id);
  const line = (number: number): NewLogLine => ({ number, stream: 'stdout', text: `${number}`, ageMs: 0 });
  const write = (attempt: number, ...lines: NewLogLine[]) =>
    db.$transaction(async (tx) => {
      await lockJob(tx, id);
      await appendLogLines(tx, { jobId: id, key: 'stage-0-0', attempt }, lines);
    });
  await write(8, line(0), line(1));
  await write(8, line(0), line(1), line(2));
  await write(9, line(0));
  assert.deepEqual(
    (await logOf(id)).map(({ seq, attempt, text }) => [seq, attempt, text]),
    [
      [1, 8, '0'],
      [2, 8, '1'],
      [3, 8, '2'],
      [4, 9, '0'],
    ],
  );
  await db.$disconnect();
});
