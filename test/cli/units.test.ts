import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify, stripVTControlCharacters } from 'node:util';
import { frameOf } from '../../cli/src/follow/frame.js';
import { wavefrontOf } from '../../cli/src/follow/wavefront.js';
import { plain } from '../../cli/src/format.js';
import { makeProgram } from '../../cli/src/program.js';
import { withSets } from '../../cli/src/spec.js';
import { targetOf } from '../../cli/src/target.js';
import { candidates } from '../../cli/src/tree/completion.js';
import type { components } from '../../client/src/index.js';
import { ROOT } from '../../src/service/root.js';
import { temporaryFolder } from '../provision/temporary.js';

type Schemas = components['schemas'];

const START = Date.parse('2026-01-01T00:00:00Z');
const at = (seconds: number) => new Date(START + 1000 * seconds).toISOString();

function attempt(stage: number, round: number, from: number, to: number | null, outcome = 'succeeded') {
  return {
    ...{ task: `stage-${stage}-${round}`, kind: 'stage', stage, round, replica: null, attempt: 1, outcome },
    ...{
      started_at: at(from),
      ended_at: to === null ? null : at(to),
      worker_id: 'w',
      device: 'cpu:0',
      devices: ['cpu:0'],
    },
    ...{ checkpoint_step: null, error: null },
  } as Schemas['Attempt'];
}

function task(stage: number, round: number, state: Schemas['TaskState'], waits: string[] = []) {
  return {
    ...{ key: `stage-${stage}-${round}`, kind: 'stage', stage, round, replica: null, state },
    ...{ progress: 0, waits_for: waits },
  } as unknown as Schemas['Task'];
}

/** Two stages: one round each has ended, stage 0 lost an attempt, stage 1 runs, and one round is to come. */
const INPUT = {
  attempts: [
    attempt(1, 0, 0, 10),
    attempt(0, 0, 10, 12, 'lost'),
    attempt(0, 0, 12, 22),
    attempt(1, 1, 10, null, 'running'),
  ],
  tasks: [
    task(1, 0, 'succeeded'),
    task(0, 0, 'succeeded'),
    task(1, 1, 'running'),
    task(0, 1, 'waiting', ['stage-1-1']),
  ],
  nowMs: START + 22_000,
  width: 40,
};

test('the wavefront has a lane for each stage, with lost work, work in progress and work to come', () => {
  const { lanes, forecast } = wavefrontOf(INPUT);
  assert.deepEqual(
    lanes.map(({ name }) => name),
    ['stage 0', 'stage 1'],
  );
  // One slot: 10 s for what runs, 10 s for what is to come, so a second is a cell of the 42 s.
  assert.equal(forecast?.end, START + 42_000);
  const text = lanes.map(({ cells }) => cells.map((cell) => cell[0]).join(''));
  assert.match(text[0] ?? '', /^e+l{2,3}e+g*$/);
  assert.match(text[0] ?? '', /g{8,}$/);
  assert.match(text[1] ?? '', /^e{9,10}r{10,14}e+$/);
});

test('lost work shows, however short beside the rest', () => {
  const long = [attempt(0, 0, 0, 1, 'lost'), attempt(0, 0, 1, 100_000)];
  const { lanes } = wavefrontOf({ attempts: long, tasks: [], nowMs: START, width: 20 });
  assert.equal(lanes[0]?.cells[0], 'lost');
});

test('a frame fits the terminal and says how far, until when and how accurate', () => {
  const job = {
    ...{ state: 'running', progress: 0.5, finished_at: null, estimated_finish: null, queue: null },
    state_reason: null,
  } as unknown as Schemas['Job'];
  const event = {
    seq: 1,
    at: at(0),
    level: 'warning',
    type: 'x',
    message: 'a \u001b[2J warning\nof two lines',
    data: {},
  } as const;
  for (const [columns, rows] of [
    [80, 24],
    [30, 5],
  ] as const) {
    const frame = frameOf({
      ...{ job, accuracy: 0.875, events: [event], away: null, nowMs: INPUT.nowMs, columns, rows },
      wavefront: wavefrontOf({ ...INPUT, width: columns - 15 }),
      paint: (_style, text) => text,
    });
    assert.ok(frame.length <= rows + 2, `${frame.length} lines`);
    for (const line of frame) assert.ok(stripVTControlCharacters(line).length < columns, line);
    assert.ok(!frame.join('').includes('\u001b'), 'an event cannot steer the terminal');
    if (columns === 80)
      assert.match(frame[0] ?? '', /━+─+ +running +50 % +ends about .*, in 20 s +accuracy 87\.5 %/);
  }
});

test('completion knows commands, options, values and @last, and asks no server', () => {
  const complete = (...words: string[]) => candidates(makeProgram(), words);
  assert.deepEqual(complete('da'), ['datasets']);
  assert.deepEqual(complete('datasets', ''), ['list', 'rm', 'show', 'upload']);
  assert.deepEqual(complete('jobs', '--st'), ['--state']);
  assert.deepEqual(complete('jobs', '--state', 'f'), ['failed', 'finalizing']);
  assert.deepEqual(complete('--url', 'http://x', 'jobs', '--m'), ['--metadata']);
  assert.deepEqual(complete('cancel', ''), ['@last']);
  assert.deepEqual(complete('completion', ''), ['bash', 'fish', 'zsh']);
  assert.ok(complete('submit', '--').includes('--json'));
  assert.ok(!complete('').includes('__complete'));
});

/** Shells with a script that lets each complete `strata jobs --state s`, as the reader's keys would. */
const SHELLS = {
  bash: `eval "$(strata completion bash)"
    COMP_WORDS=(strata jobs --state s); COMP_CWORD=3; _strata; echo "\${COMPREPLY[@]}"`,
  // Outside of its editor zsh has no compadd: this one prints what it is given.
  zsh: `compdef() { }; compadd() { shift; echo "$@" }; _files() { echo files }
    eval "$(strata completion zsh)"
    words=(strata jobs --state s); CURRENT=4; _strata`,
  fish: `strata completion fish | source; complete --do-complete 'strata jobs --state s'`,
} as const;

for (const [shell, script] of Object.entries(SHELLS)) {
  const found = spawnSync(shell, ['--version']).status === 0;
  const skip = found ? false : `${shell} is not installed: apt-get install ${shell}`;
  test(`${shell} completes with its script`, { skip }, async (t) => {
    const bin = await temporaryFolder(t);
    await symlink(join(ROOT, 'strata'), join(bin, 'strata'));
    const env = { PATH: `${bin}:${process.env.PATH}`, HOME: bin, TERM: 'dumb' };
    const { stdout } = await promisify(execFile)(shell, ['-c', script], { env });
    assert.equal(stdout, 'succeeded\n');
  });
}

test('help, the version and completion load neither the client nor the streams of Node', async () => {
  const listing = `process.on('exit', () => require('fs').writeSync(2, JSON.stringify(process.moduleLoadList)));
    require('./cli/strata.cjs')`;
  for (const args of [['--help'], ['--version'], ['__complete', '--', 'jobs', '']]) {
    // The first run after a change makes the bundles.
    await promisify(execFile)(process.execPath, ['cli/strata.cjs', ...args]);
    const command = ['-e', listing, '--', ...args];
    const { stderr } = await promisify(execFile)(process.execPath, command);
    const loaded: string[] = JSON.parse(stderr);
    assert.ok(loaded.includes('NativeModule vm'), stderr);
    for (const name of ['http', 'net', 'stream'])
      assert.ok(!loaded.includes(`NativeModule ${name}`), `${args} loads ${name}`);
  }
});

test('--set takes paths and values of JSON and YAML', async () => {
  const spec = await withSets({ method: { stages: 2, type: 'x' } }, [
    ...['method.stages=4', 'name=2 layers', 'metadata={team: vision}', 'method.split=[1, 2]', 'a.b=null'],
  ]);
  assert.deepEqual(spec, {
    method: { stages: 4, type: 'x', split: [1, 2] },
    ...{ name: '2 layers', metadata: { team: 'vision' }, a: { b: null } },
  });
  await assert.rejects(withSets({}, ['__proto__.x=1']), /not the name of a field/);
  await assert.rejects(withSets({}, ['epochs']), /write it as field=value/);
});

test('--url goes before STRATA_URL, that before the saved one; a key is for its server only', () => {
  const config = { url: 'http://a/', api_key: 'k' };
  assert.deepEqual(targetOf(undefined, {}, config), {
    url: 'http://a',
    apiKey: 'k',
    keyFrom: 'strata login',
  });
  assert.deepEqual(targetOf(undefined, { STRATA_URL: 'http://b' }, config).apiKey, undefined);
  assert.equal(targetOf('http://c', { STRATA_URL: 'http://b', STRATA_API_KEY: 'e' }, config).url, 'http://c');
  assert.equal(targetOf('http://c', { STRATA_API_KEY: 'e' }, config).apiKey, 'e');
});

test('text of others cannot steer the terminal', () => {
  assert.equal(plain('a\u001b[2Jb\u009bc\r\td\n'), 'a?[2Jb?c?\td\n');
});
