import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Attempt,
  barsOf,
  figuresOf,
  forecast,
  lanesByDevice,
  lanesByStage,
  slotsInUse,
} from '../../../client/src/timeline/index.js';

const T0 = Date.parse('2026-01-01T00:00:00Z');
const at = (seconds: number) => new Date(T0 + 1000 * seconds).toISOString();

function attempt(task: string, start: number, end: number | null, changes: Partial<Attempt> = {}): Attempt {
  const [, kind = '', stage, round] = /^([a-z_]+)(?:-(\d+)-(\d+))?$/.exec(task) ?? [];
  return {
    task,
    kind: kind as Attempt['kind'],
    stage: stage === undefined ? null : Number(stage),
    round: round === undefined ? null : Number(round),
    replica: null,
    attempt: 1,
    outcome: end === null ? 'running' : 'succeeded',
    started_at: at(start),
    ended_at: end === null ? null : at(end),
    worker_id: 'worker_1',
    device: 'cpu:0',
    devices: ['cpu:0'],
    checkpoint_step: null,
    error: null,
    ...changes,
  };
}

/** Two stages on two devices; the first attempt at stage 1, round 0 was lost after a second. */
const ATTEMPTS = [
  attempt('prepare', 0, 2),
  attempt('stage-1-0', 2, 3, { outcome: 'lost' }),
  attempt('stage-1-0', 4, 8, { attempt: 2 }),
  attempt('stage-0-0', 8, 10, { device: 'cpu:1', devices: ['cpu:1'] }),
  attempt('stage-1-1', 8, null),
];
const NOW = T0 + 12_000;

test('lanes by stage follow the network, and their bars the time', () => {
  const lanes = lanesByStage(barsOf(ATTEMPTS, NOW));
  assert.deepEqual(
    lanes.map(({ name, stage, bars }) => [name, stage, bars.map(({ start, end }) => [start - T0, end - T0])]),
    [
      ['prepare', null, [[0, 2000]]],
      ['stage 0', 0, [[8000, 10_000]]],
      [
        'stage 1',
        1,
        [
          [2000, 3000],
          [4000, 8000],
          [8000, 12_000],
        ],
      ],
    ],
  );
});

test('lanes by device name the worker where there are several, and part what overlaps', () => {
  const names = (attempts: readonly Attempt[]) =>
    lanesByDevice(barsOf(attempts, NOW)).map(({ name }) => name);
  assert.deepEqual(names(ATTEMPTS), ['cpu:0', 'cpu:1']);
  const other = attempt('evaluate', 9, 11, { worker_id: 'worker_2' });
  assert.deepEqual(names([...ATTEMPTS, other]).slice(-1), ['cpu:0 of worker 2']);
  assert.deepEqual(names([...ATTEMPTS, attempt('evaluate', 9, 11)]).slice(-1), ['cpu:0 (2)']);
});

test('figures add up: time at work and idle time by cause are the time of all slots', () => {
  const figures = figuresOf(barsOf(ATTEMPTS, NOW))!;
  assert.equal(figures.wallSeconds, 12);
  assert.equal(figures.maxAtWork, 2);
  assert.equal(figures.deviceSeconds, 2 + 1 + 4 + 2 + 4);
  assert.deepEqual(figures.idleSeconds, { whole_network: 2, messages: 1 + 4 + 2, nothing_running: 2 });
  const idle = Object.values(figures.idleSeconds).reduce((a, b) => a + b);
  assert.equal(idle + figures.deviceSeconds, 2 * figures.wallSeconds);
  assert.equal(figures.lostSeconds, 1);
  assert.equal(figuresOf([]), null);
});

test('an attempt on several slots counts as often, and is in the lane of each device', () => {
  const devices = ['cpu:0', 'cpu:1'];
  const gang = [
    attempt('prepare', 0, 2),
    attempt('stage', 2, 6, { devices }),
    attempt('stage', 6, 7, { devices, outcome: 'lost' }),
  ];
  const figures = figuresOf(barsOf(gang, NOW))!;
  assert.deepEqual([figures.deviceSeconds, figures.maxAtWork, figures.lostSeconds], [2 + 8 + 2, 2, 2]);
  assert.deepEqual(figures.idleSeconds, { whole_network: 2, messages: 0, nothing_running: 0 });
  const lanes = lanesByDevice(barsOf(gang, NOW));
  assert.deepEqual(
    lanes.map(({ name, bars }) => [name, bars.length]),
    [
      ['cpu:0', 3],
      ['cpu:1', 2],
    ],
  );
});

/** The rest of the same job. */
const task = (
  key: string,
  state: 'succeeded' | 'running' | 'ready' | 'waiting',
  waits: string[],
  progress = 0,
) => {
  const { kind, stage, round, replica } = attempt(key, 0, 1);
  return { key, kind, stage, round, replica, state, progress, waits_for: waits };
};
const TASKS = [
  task('prepare', 'succeeded', []),
  task('stage-1-0', 'succeeded', ['prepare']),
  task('stage-0-0', 'succeeded', ['prepare', 'stage-1-0']),
  task('stage-1-1', 'running', ['stage-1-0'], 0.5),
  task('stage-0-1', 'waiting', ['stage-0-0', 'stage-1-1']),
  task('finalize', 'waiting', ['stage-0-1', 'stage-1-1']),
];

test('the rest of a schedule begins when its inputs are there and a slot is free', () => {
  const { ghosts, end } = forecast(TASKS, ATTEMPTS, { slots: 2, nowMs: NOW })!;
  assert.deepEqual(
    ghosts.map(({ task: { key }, start, end: until }) => [key, start - NOW, until - NOW]),
    [
      // Stage 1 takes 4 s a round and is half done; stage 0 takes 2 s; nothing is known of finalize but rounds of stages.
      ['stage-0-1', 2000, 4000],
      ['finalize', 4000, 7000],
    ],
  );
  assert.equal(end - NOW, 7000);
});

test('slots in use are the most that worked at one time, also while one task runs alone', () => {
  assert.equal(slotsInUse(ATTEMPTS, NOW), 2);
  const alone = ATTEMPTS.map((each) => ({ ...each, outcome: 'succeeded' as const }));
  assert.equal(slotsInUse([...alone, attempt('evaluate', 13, null)], NOW + 5000), 2);
  assert.equal(slotsInUse([], NOW), 1);
});

test('one slot does one task after another', () => {
  const tasks = TASKS.map((each) =>
    each.key === 'stage-0-1' ? { ...each, waits_for: ['stage-0-0'] } : each,
  );
  assert.equal(forecast(tasks, ATTEMPTS, { slots: 2, nowMs: NOW })!.ghosts[0]!.start, NOW);
  assert.equal(forecast(tasks, ATTEMPTS, { slots: 1, nowMs: NOW })!.ghosts[0]!.start, NOW + 2000);
});

test('a kind of which nothing has ended takes at least as long as it has run already', () => {
  const tasks = TASKS.map((each) =>
    each.key === 'finalize' ? { ...each, state: 'running' as const } : each,
  );
  const running = attempt('finalize', 0, null);
  const { end } = forecast(tasks, [...ATTEMPTS, running], { slots: 3, nowMs: NOW })!;
  assert.equal(end - NOW, 12_000);
});

test('lanes of tasks that are still to come stand in their order', () => {
  const names = lanesByStage(barsOf(ATTEMPTS, NOW), TASKS).map(({ name }) => name);
  assert.deepEqual(names, ['prepare', 'stage 0', 'stage 1', 'finalize']);
});

test('nothing is foretold before a stage has ended, and a job that is done ends now', () => {
  assert.equal(forecast(TASKS, [], { slots: 2, nowMs: NOW }), null);
  const done = TASKS.map((each) => ({ ...each, state: 'succeeded' as const }));
  assert.deepEqual(forecast(done, ATTEMPTS, { slots: 2, nowMs: NOW }), { ghosts: [], end: NOW });
});
