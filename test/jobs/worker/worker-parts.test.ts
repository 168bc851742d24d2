import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { MetricSample, TaskAssignment, TaskCheckpoint } from '../../../src/contract/trainer-protocol.js';
import type { Claim } from '../../../src/jobs/lifecycle/claim.js';
import { startLeases } from '../../../src/jobs/lifecycle/held-leases.js';
import type { Report } from '../../../src/jobs/lifecycle/report.js';
import { leaseFor, MAX_LEASE_MS } from '../../../src/jobs/process/limits.js';
import { startLoop } from '../../../src/jobs/process/loop.js';
import type { Lease, StopWish } from '../../../src/jobs/store/leases.js';
import { countOomKills } from '../../../src/jobs/worker/children/oom-kills.js';
import { TrainerChild } from '../../../src/jobs/worker/children/trainer-child.js';
import { computingEnvironment, tiedToParent } from '../../../src/jobs/worker/children/trainer-command.js';
import { cpuHasBfloat16, cpuPrefersBfloat16, placeSlots } from '../../../src/jobs/worker/slots/devices.js';
import { GpuWatch } from '../../../src/jobs/worker/slots/gpu-watch.js';
import { Slot } from '../../../src/jobs/worker/slots/slot.js';
import { trainerEnvironment } from '../../../src/jobs/worker/slots/trainer-environment.js';
import { Attempt } from '../../../src/jobs/worker/tasks/attempt.js';
import { startRecorder } from '../../../src/jobs/worker/tasks/recorder.js';
import { eventually } from '../../support/eventually.js';
import { MNIST, resolved } from '../support/specs.js';

const never = 1_000_000;
const fail = (error: unknown) => assert.fail(String(error));

test('slots: one per GPU, else as many as the cores can serve; a setting overrides both', () => {
  const cpu = { cores: 8, cpuName: 'Some CPU', cpuBfloat16: true, cpuPrefersBfloat16: false, gpus: [] };
  assert.equal(placeSlots(cpu, undefined, 3).slots.length, 2);
  assert.deepEqual(placeSlots(cpu, 1, 1), {
    slots: [{ device: 'cpu:0', gpu: null, bfloat16: true }],
    devices: [{ kind: 'cpu', name: 'Some CPU', slots: 1, bfloat16: true, prefers_bfloat16: false }],
  });
  const two = [
    { uuid: 'GPU-a', name: 'A', bfloat16: false },
    { uuid: 'GPU-b', name: 'B', bfloat16: true },
  ];
  const gpus = { ...cpu, gpus: two };
  assert.deepEqual(
    placeSlots(gpus, 3, 1).slots.map(({ device, gpu, bfloat16 }) => [device, gpu, bfloat16]),
    [
      ['gpu:0', 'GPU-a', false],
      ['gpu:1', 'GPU-b', true],
      ['gpu:0', 'GPU-a', false],
    ],
  );
  assert.deepEqual(
    placeSlots(gpus, 3, 1).devices.map((device) => [device.slots, device.bfloat16, device.prefers_bfloat16]),
    [
      [2, false, false],
      [1, true, true],
    ],
  );
  assert.deepEqual(
    placeSlots(gpus, 1, 1).devices.map((device) => device.name),
    ['A'],
  );
});

test('bfloat16 on a CPU is decided by its flags', () => {
  const cpuinfo = (flags: string) => `processor\t: 0\nflags\t\t: fpu ${flags} avx512f\nbugs\t\t: none\n`;
  assert.ok(cpuHasBfloat16(cpuinfo('avx512_bf16')));
  assert.ok(cpuHasBfloat16(cpuinfo('amx_bf16 amx_tile')));
  assert.ok(!cpuHasBfloat16(cpuinfo('avx512_vnni avx_ne_convert')));
  assert.ok(!cpuHasBfloat16(''));
  assert.ok(cpuPrefersBfloat16(cpuinfo('avx512_bf16 amx_bf16')));
  assert.ok(!cpuPrefersBfloat16(cpuinfo('avx512_bf16')), 'half the rate of float32');
});

test('the environment of a trainer has its threads and its GPU, and no address of a database', () => {
  const base = { PATH: '/bin', DATABASE_URL: 'postgresql://secret', REDIS_URL: 'redis://secret' };
  const settings = { blobUrl: 'file:///blobs', threads: 2 };
  const env = trainerEnvironment(base, settings, { device: 'gpu:1', gpu: 'GPU-b', bfloat16: true });
  assert.equal(env.PATH, '/bin');
  assert.equal(env.CUDA_VISIBLE_DEVICES, 'GPU-b');
  assert.equal(env.TF_NUM_INTRAOP_THREADS, '2');
  assert.equal(env.TF_NUM_INTEROP_THREADS, '1');
  assert.equal(env.STRATA_BFLOAT16, '1');
  assert.equal(env.STRATA_BLOB_URL, 'file:///blobs');
  assert.ok(!JSON.stringify(env).includes('secret'));
  assert.equal(
    'CUDA_VISIBLE_DEVICES' in
      trainerEnvironment(base, settings, { device: 'cpu:0', gpu: null, bfloat16: false }),
    false,
  );
});

test('every process that computes has the telemetry of ONNX Runtime off, whatever its worker has', () => {
  for (const base of [{}, { ORT_DISABLE_TELEMETRY: '0' }]) {
    const settings = { blobUrl: 'file:///blobs', threads: 2 };
    const place = { device: 'cpu:0', gpu: null, bfloat16: false };
    assert.equal(computingEnvironment(base, settings).ORT_DISABLE_TELEMETRY, '1');
    assert.equal(trainerEnvironment(base, settings, place).ORT_DISABLE_TELEMETRY, '1');
  }
});

test('a loop runs once more for a nudge that comes during a run, and never twice at once', async () => {
  let release = (): void => undefined;
  let runs = 0;
  let running = 0;
  const loop = startLoop(
    async () => {
      assert.equal(++running, 1);
      runs++;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      running--;
    },
    never,
    fail,
  );
  loop.nudge();
  loop.nudge();
  release();
  await eventually('the second run', () => runs === 2);
  release();
  await loop.stop();
  assert.equal(runs, 2);
});

test('a loop reports an error that comes again once, and again after a success', async () => {
  const results = ['down', 'down', 'starting', null, 'down'];
  const reported: string[] = [];
  const loop = startLoop(
    async () => {
      const message = results.shift();
      if (message) throw new Error(message);
    },
    1,
    (error) => void reported.push((error as Error).message),
  );
  await eventually('all runs', () => results.length === 0 && reported.length === 3);
  await loop.stop();
  assert.deepEqual(reported, ['down', 'starting', 'down']);
});

test('the recorder keeps what could not be written, and hands over the rest at the end', async () => {
  const sample = (step: number): MetricSample => ({ name: 'loss', stage: 0, step, value: 1 });
  const written: (readonly MetricSample[])[] = [];
  let broken = true;
  let errors = 0;
  const write = async ({ samples }: Report): Promise<void> => {
    if (broken) throw new Error('down');
    written.push(samples);
  };
  const recorder = startRecorder(write, 1, () => void errors++);
  recorder.add([sample(0)], 10);
  await eventually('a failed write', () => errors > 0);
  recorder.add([sample(1)], 11);
  broken = false;
  await eventually('the write', () => written.length > 0);
  assert.deepEqual(written.flat(), [sample(0), sample(1)]);
  await recorder.drain();
  const unhurried = startRecorder(write, never, fail);
  unhurried.add([sample(2)], 12);
  const left = { progress: null, samples: [sample(2)], checkpoint: null, oldestSampleMs: 12 };
  assert.deepEqual(await unhurried.drain(), left);
});

test('the recorder writes a checkpoint at once, with all samples before it, also after a failed write', async () => {
  const sample = (step: number): MetricSample => ({ name: 'loss', stage: 0, step, value: 1 });
  const checkpoint = (step: number): TaskCheckpoint => {
    return { uri: `spool:c-${step}`, size_bytes: 1, step, share: 0.5 };
  };
  const written: Report[] = [];
  let broken = true;
  let errors = 0;
  const write = async (report: Report): Promise<void> => {
    if (broken) throw new Error('down');
    written.push(report);
  };
  const recorder = startRecorder(write, never, () => void errors++);
  recorder.add([sample(0)], 10);
  recorder.checkpoint(checkpoint(1));
  await eventually('a failed write', () => errors > 0);
  broken = false;
  recorder.add([sample(1)], 11);
  recorder.checkpoint(checkpoint(2));
  await eventually('the write', () => written.length > 0);
  const samples = [sample(0), sample(1)];
  assert.deepEqual(written, [{ progress: null, samples, checkpoint: checkpoint(2), oldestSampleMs: 10 }]);
  await recorder.drain();
});

const WISHES: Record<string, StopWish> = { cancelled: 'kill', paused: 'yield' };

test('leases: requests and losses reach their own attempt, not one that was released', async () => {
  const seen: string[] = [];
  const entry = (id: string) => ({
    lease: { table: 'task' as const, id, attempt: 1 },
    onWish: (wish: StopWish) => void seen.push(`${wish} ${id}`),
    onLost: () => void seen.push(`lost ${id}`),
  });
  let beats = 0;
  let release = (): void => undefined;
  const leases = startLeases({
    async renew(held: readonly Lease[]) {
      beats++;
      // The attempt was released during the request.
      if (held.length > 0) release();
      return held
        .filter(({ id }) => id !== 'taken')
        .map((lease) => ({ ...lease, renewed: true, wish: WISHES[lease.id] ?? null }));
    },
    heartbeatMs: never,
    onError: fail,
    now: () => 0,
  });
  await eventually('the first beat', () => beats === 1);
  for (const id of ['mine', 'cancelled', 'paused', 'taken']) leases.hold(entry(id));
  release = leases.hold({ ...entry('taken'), lease: { table: 'task', id: 'taken', attempt: 2 } });
  leases.nudge();
  await eventually('their fate', () => seen.length === 3);
  assert.deepEqual(seen, ['kill cancelled', 'yield paused', 'lost taken']);
  await leases.stop();
});

test('leases: attempts are given up when no renewal came through in time', async () => {
  let nowMs = 0;
  let lost = 0;
  const leases = startLeases({
    renew: () => Promise.reject(new Error('no database')),
    heartbeatMs: 5,
    onError: () => undefined,
    now: () => nowMs,
  });
  leases.hold({ lease: { table: 'task', id: 'a', attempt: 1 }, onWish: fail, onLost: () => void lost++ });
  nowMs = 6_001;
  await eventually('it is given up', () => lost > 0);
  await leases.stop();
});

test('leases: an attempt whose row stays locked is given up when its lease is over, not before', async (t) => {
  let nowMs = 0;
  let beats = 0;
  const lost: string[] = [];
  const leases = startLeases({
    async renew(held: readonly Lease[]) {
      beats++;
      return held.map((lease) => ({ ...lease, renewed: lease.id === 'free', wish: null }));
    },
    heartbeatMs: 1,
    onError: fail,
    now: () => nowMs,
  });
  t.after(() => leases.stop());
  const hold = (id: string) =>
    leases.hold({ lease: { table: 'task', id, attempt: 1 }, onLost: () => void lost.push(id) });
  const release = hold('locked');
  hold('free');
  nowMs = 5_999;
  const before = beats;
  await eventually('two beats', () => beats > before + 2);
  assert.deepEqual(lost, []);
  nowMs = 6_001;
  await eventually('it is given up', () => lost.length > 0);
  assert.ok(lost.every((id) => id === 'locked'));
  release();
});

test('leases grow with the time that renewals take, and shrink again', async () => {
  let nowMs = 0;
  let tookMs = 2_000;
  const asked: number[] = [];
  const leases = startLeases({
    async renew(_held, leaseMs) {
      asked.push(leaseMs);
      nowMs += tookMs;
      return [];
    },
    heartbeatMs: 1,
    onError: fail,
    now: () => nowMs,
  });
  await eventually('two slow renewals', () => asked.length >= 2);
  assert.deepEqual(asked.slice(0, 2), [6_000, 8_000]);
  tookMs = 10;
  const slow = asked.length;
  await eventually('the slow ones are forgotten', () => asked.length > slow + 10);
  await leases.stop();
  assert.equal(asked.at(-1), 6_000);
  assert.equal(leaseFor(1_000_000), MAX_LEASE_MS);
});

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strata-trainer-'));
});
after(() => rm(folder, { recursive: true }));

async function trainer(source: string): Promise<TrainerChild> {
  const path = join(folder, `${Math.random()}.mjs`);
  await writeFile(path, source);
  return new TrainerChild(tiedToParent([process.execPath, path]), process.env);
}

const assignment: TaskAssignment = {
  task_id: 'task_1',
  job_id: 'job_1',
  attempt: 2,
  kind: 'stage',
  stage: 0,
  round: 0,
  replica: null,
  spec: resolved(),
  dataset: MNIST,
  inputs: {},
};
const READY = `process.send({ type: 'ready', runtime: { node: '', tensorflow: '', device: '', threads: 1 } });`;

test('a trainer that ends before it is ready: its last message is reported', async () => {
  const child = await trainer(`console.error('no such library'); process.exit(7);`);
  assert.equal(await child.ready, null);
  const outcome = await child.run(assignment, fail);
  assert.deepEqual(outcome, {
    kind: 'gone',
    message: 'the trainer exited with code 7: no such library',
    killer: null,
    signal: null,
  });
  assert.equal(child.alive, false);
});

test('a trainer that cannot be started is reported as ended, without an exception', async () => {
  const child = new TrainerChild([join(folder, 'nothing')], process.env);
  assert.equal(await child.ready, null);
  assert.match((await child.gone).message, /could not be started/);
});

test('answers about another attempt are not taken for this one', async () => {
  const child = await trainer(`${READY}
    process.on('message', ({ assignment: { task_id } }) => {
      const success = { outputs: {}, seconds: {}, artifacts: [], result: {} };
      process.send({ type: 'succeeded', task_id, attempt: 1, success });
      process.send({ type: 'progress', task_id, attempt: 1, done: 1, total: 1 });
      const failure = { code: 'internal', message: 'this one', stage: null, step: null, tensor: null };
      process.send({ type: 'failed', task_id, attempt: 2, failure });
    });`);
  await child.ready;
  const outcome = await child.run(assignment, () => assert.fail('a stale report'));
  assert.equal(outcome.kind === 'failed' && outcome.failure.message, 'this one');
  await child.kill('the test is over');
  assert.equal(child.alive, false);
});

test('the reason of a killed trainer names its worker and why, or an unknown sender', async () => {
  const ours = await trainer(READY);
  await ours.kill('it reported nothing');
  const { message, killer } = await ours.gone;
  assert.deepEqual(
    [message, killer],
    ['the trainer was killed by SIGKILL of its worker, because it reported nothing', 'worker'],
  );
  const theirs = await trainer(`${READY} setInterval(() => {}, 1000);`);
  await theirs.ready;
  process.kill(theirs.pid ?? 0, 'SIGKILL');
  const end = await theirs.gone;
  assert.equal(end.killer, 'unknown');
  assert.match(end.message, /neither its worker nor the kernel for lack of memory/);
});

test('kills for lack of memory are counted for the machine and for both kinds of control groups', () => {
  const files = (found: Record<string, string>) => (path: string) => found[path];
  assert.equal(countOomKills(files({})), 0);
  assert.equal(countOomKills(files({ '/proc/vmstat': 'oom_kill_x 9\noom_kill 2\n' })), 2);
  const v2 = {
    '/proc/self/cgroup': '0::/pod/a\n',
    '/sys/fs/cgroup/pod/a/memory.events': 'oom 7\noom_kill 3\n',
  };
  assert.equal(countOomKills(files(v2)), 3);
  const v1 = {
    '/proc/self/cgroup': '9:cpu,memory:/pod\n8:pids:/x\n',
    '/sys/fs/cgroup/memory/pod/memory.oom_control': 'under_oom 0\noom_kill 4\n',
  };
  assert.equal(countOomKills(files(v1)), 4);
});

test('an attempt whose trainer has answered does not kill it: it may run the next task by then', async (t) => {
  const child = await trainer(`${READY} process.on('message', ({ assignment: { task_id, attempt } }) =>
    process.send({ type: 'succeeded', task_id, attempt, success: {} }));`);
  t.after(() => child.kill('the test is over'));
  const slot = new Slot({ device: 'cpu:0', gpu: null, bfloat16: false }, () => child, 60_000);
  const attempt = new Attempt({} as Claim, slot);
  assert.equal((await attempt.run(assignment, fail, () => undefined)).kind, 'succeeded');
  // A heartbeat that was under way when the success was recorded finds no lease.
  attempt.lose();
  attempt.obey('kill');
  attempt.yield();
  assert.deepEqual([attempt.isLost, attempt.ending], [true, null]);
  assert.equal((await slot.run(assignment, fail, () => undefined)).kind, 'succeeded');
});

test('the watch over a child ends with it', async () => {
  const child = await trainer(`${READY} process.on('message', () => process.exit(0));`);
  await child.ready;
  const [outcome] = await Promise.all([child.run(assignment, fail), child.gone]);
  assert.deepEqual(outcome, {
    kind: 'gone',
    message: 'the trainer exited with code 0',
    killer: null,
    signal: null,
  });
});

test('a trainer without a task ends, its slot stays idle, and the next task starts another', async () => {
  const file = `${READY} process.on('message', ({ assignment: { task_id, attempt } }) =>
    process.send({ type: 'succeeded', task_id, attempt, success: {} }));`;
  const started: TrainerChild[] = [];
  const next = await Promise.all([trainer(file), trainer(file)]);
  const start = () => {
    const child = next.shift() ?? assert.fail('started too often');
    started.push(child);
    return child;
  };
  const slot = new Slot({ device: 'cpu:0', gpu: null, bfloat16: false }, start, 1);
  await slot.warm();
  await started[0]!.gone;
  assert.deepEqual([slot.report.state, slot.free], ['idle', true]);
  slot.reserve();
  assert.equal((await slot.run(assignment, fail, () => undefined)).kind, 'succeeded');
  assert.equal(started[1]?.alive, true, 'a reserved slot keeps its trainer');
  slot.release();
  await started[1]!.gone;
  await slot.close();
});

test('an idle trainer makes room when it is asked to, a reserved one does not', async () => {
  const child = await trainer(`${READY} process.on('message', () => undefined);`);
  const slot = new Slot({ device: 'cpu:0', gpu: null, bfloat16: false }, () => child, 60_000);
  await slot.warm();
  slot.reserve();
  slot.rest();
  assert.equal(child.alive, true);
  slot.release();
  slot.rest();
  await child.gone;
  assert.deepEqual([slot.report.state, slot.free], ['idle', true]);
  await slot.close();
});

test('the use of GPUs is asked of the driver, on a host that has GPUs, and unknown while it fails', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'strata-gpu-'));
  const path = process.env.PATH;
  t.after(async () => {
    process.env.PATH = path;
    await rm(folder, { recursive: true });
  });
  process.env.PATH = folder;
  const driver = (script: string) =>
    writeFile(join(folder, 'nvidia-smi'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const unknown = { gpu_use: null, gpu_memory_bytes: null };
  const watch = new GpuWatch(true);
  await watch.look();
  assert.deepEqual(watch.useOf('GPU-1'), unknown, 'no driver');
  await driver(`[ "$1" = --query-gpu=uuid,utilization.gpu,memory.used ] && echo 'GPU-1, 50, 2'`);
  await watch.look();
  assert.deepEqual(watch.useOf('GPU-1'), { gpu_use: 0.5, gpu_memory_bytes: 2 ** 21 });
  assert.deepEqual([watch.useOf('GPU-2'), watch.useOf(null)], [unknown, unknown]);
  const withoutGpus = new GpuWatch(false);
  await withoutGpus.look();
  assert.deepEqual(withoutGpus.useOf('GPU-1'), unknown);
  await driver('exit 9');
  await watch.look();
  assert.deepEqual(watch.useOf('GPU-1'), unknown, 'an old figure is no figure');
});
