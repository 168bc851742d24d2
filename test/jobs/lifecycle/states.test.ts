import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import {
  canTransition,
  IllegalTransitionError,
  isTerminal,
  JOB_STATES,
  type JobState,
  TASK_STATES,
  type TaskState,
  transition,
} from '../../../src/contract/states.js';

// Written out a second time on purpose: the table in the source must not be able to change unnoticed.
const JOB_MOVES = new Set([
  'queued>preparing',
  'queued>running',
  'queued>finalizing',
  'queued>paused',
  'queued>failed',
  'queued>cancelled',
  'preparing>running',
  'preparing>paused',
  'preparing>failed',
  'preparing>cancelled',
  'running>finalizing',
  'running>paused',
  'running>failed',
  'running>cancelled',
  'finalizing>succeeded',
  'finalizing>paused',
  'finalizing>failed',
  'finalizing>cancelled',
  'paused>queued',
  'paused>failed',
  'paused>cancelled',
]);
const TASK_MOVES = new Set([
  'waiting>ready',
  'waiting>cancelled',
  'ready>running',
  'ready>waiting',
  'ready>cancelled',
  'running>succeeded',
  'running>ready',
  'running>failed',
  'running>cancelled',
  'succeeded>ready',
]);

function checkEveryPair<S extends string>(
  states: readonly S[],
  allowed: ReadonlySet<string>,
  move: (from: S, to: S) => S,
): void {
  for (const from of states) {
    for (const to of states) {
      if (allowed.has(`${from}>${to}`)) assert.equal(move(from, to), to);
      else assert.throws(() => move(from, to), IllegalTransitionError, `${from} > ${to} must be refused`);
    }
  }
}

test('every job transition outside the table is refused', () => {
  checkEveryPair(JOB_STATES, JOB_MOVES, (from: JobState, to: JobState) => transition('job', from, to));
});

test('every task transition outside the table is refused', () => {
  checkEveryPair(TASK_STATES, TASK_MOVES, (from: TaskState, to: TaskState) => transition('task', from, to));
});

test('a job ends succeeded, failed or cancelled; a task that succeeded may have to do its work again', () => {
  assert.deepEqual(
    JOB_STATES.filter((state) => isTerminal('job', state)),
    ['succeeded', 'failed', 'cancelled'],
  );
  assert.deepEqual(
    TASK_STATES.filter((state) => isTerminal('task', state)),
    ['failed', 'cancelled'],
  );
});

test('the refusal names machine, present state and wanted state', () => {
  assert.throws(() => transition('job', 'succeeded', 'running'), {
    message: 'a job cannot go from succeeded to running',
  });
  assert.equal(canTransition('job', 'succeeded', 'running'), false);
});

test('docs/job-states.md draws exactly these moves', async () => {
  const page = await readFile(new URL('../../../docs/job-states.md', import.meta.url), 'utf8');
  const diagrams = [...page.matchAll(/```mermaid([^`]*)```/g)].map(([, text = '']) => {
    const moves = [...text.matchAll(/(\w+) --> (\w+)/g)].map(([, from, to]) => `${from}>${to}`);
    return new Set(moves);
  });
  assert.deepEqual(diagrams, [JOB_MOVES, TASK_MOVES]);
});
