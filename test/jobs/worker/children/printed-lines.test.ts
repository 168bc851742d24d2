import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TaskAssignment } from '../../../../src/contract/trainer-protocol.js';
import type { NewLogLine } from '../../../../src/jobs/store/log-lines.js';
import { LINE_LENGTH, PrintedLines } from '../../../../src/jobs/worker/children/printed-lines.js';
import { TrainerChild } from '../../../../src/jobs/worker/children/trainer-child.js';
import { tiedToParent } from '../../../../src/jobs/worker/children/trainer-command.js';
import { LOG_LIMITS, startTaskLog } from '../../../../src/jobs/worker/tasks/task-log.js';
import { eventually } from '../../../support/eventually.js';
import { MNIST, resolved } from '../../support/specs.js';

const never = 1_000_000;
const fail = (error: unknown) => assert.fail(String(error));

async function linesOf(chunks: readonly Buffer[]): Promise<string[]> {
  const source = new PassThrough();
  const lines: string[] = [];
  const printed = new PrintedLines(source, 'stdout', ({ text }) => lines.push(text));
  for (const chunk of chunks) source.write(chunk);
  source.end();
  source.once('end', () => source.destroy());
  await printed.end();
  return lines;
}

test('lines are the same for all chunks, also a last line without a line break', async () => {
  const bytes = Buffer.from('eins\nzwölf 🙂\r\n\nrest');
  const expected = ['eins', 'zwölf 🙂', '', 'rest'];
  assert.deepEqual(await linesOf([bytes]), expected);
  assert.deepEqual(await linesOf([...bytes].map((byte) => Buffer.of(byte))), expected);
});

test('characters that Postgres cannot store are replaced, and a line without end is split', async () => {
  assert.deepEqual(await linesOf([Buffer.from('a\0b\xff\n', 'latin1')]), ['a\u{fffd}b\u{fffd}']);
  // The cut falls into the middle of a pair of surrogates.
  const long = `${'x'.repeat(LINE_LENGTH - 1)}🙂${'y'.repeat(LINE_LENGTH)}`;
  for (const end of ['', '\n']) {
    const lines = await linesOf([Buffer.from(long + end)]);
    assert.deepEqual(
      lines.map((line) => line.length),
      [LINE_LENGTH, LINE_LENGTH, 1],
    );
    assert.equal(lines[0]?.at(-1), '\u{fffd}');
  }
});

test('a long log keeps its first and last lines, and the number of omitted ones', async () => {
  const written: NewLogLine[] = [];
  const log = startTaskLog(
    async (lines) => void written.push(...lines),
    never,
    fail,
    () => 0,
  );
  const total = LOG_LIMITS.firstLines + LOG_LIMITS.lastLines + 7;
  for (let index = 0; index < total; index++) log.add({ stream: 'stdout', text: `line ${index}` });
  await log.close();
  assert.equal(written.length, LOG_LIMITS.firstLines + 1 + LOG_LIMITS.lastLines);
  assert.deepEqual(
    written.map(({ number }) => number),
    written.map((_, index) => index),
  );
  assert.equal(written[LOG_LIMITS.firstLines - 1]?.text, `line ${LOG_LIMITS.firstLines - 1}`);
  assert.match(written[LOG_LIMITS.firstLines]?.text ?? '', /^\[7 lines omitted/);
  assert.equal(written.at(-1)?.text, `line ${total - 1}`);
});

test('a log of few but long lines is bounded too', async () => {
  const written: NewLogLine[] = [];
  const log = startTaskLog(
    async (lines) => void written.push(...lines),
    never,
    fail,
    () => 0,
  );
  for (let index = 0; index < 300; index++) log.add({ stream: 'stdout', text: 'x'.repeat(LINE_LENGTH) });
  await log.close();
  const length = written.reduce((sum, { text }) => sum + text.length, 0);
  assert.ok(length < LOG_LIMITS.firstLength + LOG_LIMITS.lastLength, `${length} characters kept`);
  assert.ok(written.some(({ text }) => text.startsWith('[')));
});

test('lines that could not be written are written again under the same numbers', async () => {
  const calls: number[][] = [];
  let broken = true;
  const write = async (lines: readonly NewLogLine[]): Promise<void> => {
    calls.push(lines.map(({ number }) => number));
    if (broken) throw new Error('down');
  };
  const log = startTaskLog(
    write,
    1,
    () => undefined,
    () => 0,
  );
  log.add({ stream: 'stderr', text: 'a' });
  await eventually('a failed write', () => calls.length > 0);
  log.add({ stream: 'stderr', text: 'b' });
  broken = false;
  await log.close();
  assert.deepEqual(calls[0], [0]);
  assert.deepEqual(calls.at(-1), [0, 1]);
});

const ASSIGNMENT: TaskAssignment = {
  task_id: 'task_1',
  job_id: 'job_1',
  attempt: 1,
  kind: 'stage',
  stage: 0,
  round: 0,
  replica: null,
  spec: resolved(),
  dataset: MNIST,
  inputs: {},
};

test("an abort in TensorFlow leaves its own last lines in the task's log, and in the error", async () => {
  const file = fileURLToPath(new URL('../../support/aborting-trainer.ts', import.meta.url));
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '0' };
  const child = new TrainerChild(tiedToParent([process.execPath, '--import', 'tsx', file]), env);
  assert.ok(await child.ready);
  const lines: string[] = [];
  const outcome = await child.run(ASSIGNMENT, fail, ({ stream, text }) => lines.push(`${stream} ${text}`));
  assert.equal(outcome.kind, 'gone');
  assert.match(outcome.kind === 'gone' ? outcome.message : '', /^the trainer was killed by SIGABRT: /);
  const text = lines.join('\n');
  assert.match(text, /^stderr .*(oneDNN|absl|cpu_feature_guard)/m, 'what TensorFlow said as it was loaded');
  assert.match(text, /^stdout about to abort$/m);
  assert.match(text, /^stderr .*Check failed/m);
  assert.match(lines.at(-1) ?? '', /^stderr /);
});
