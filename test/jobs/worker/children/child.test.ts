import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ImportAssignment } from '../../../../src/contract/importer-protocol.js';
import { IMPORT_DEFAULTS } from '../../../../src/contract/importer-protocol.js';
import type { PredictionTask } from '../../../../src/contract/predictor-protocol.js';
import type { TaskAssignment } from '../../../../src/contract/trainer-protocol.js';
import { ImporterChild } from '../../../../src/jobs/worker/children/importer-child.js';
import { PredictorChild, PredictorGoneError } from '../../../../src/jobs/worker/children/predictor-child.js';
import { TrainerChild } from '../../../../src/jobs/worker/children/trainer-child.js';
import { MNIST, resolved } from '../../support/specs.js';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strata-child-'));
});
after(() => rm(folder, { recursive: true }));

let scripts = 0;
async function commandOf(source: string): Promise<string[]> {
  const path = join(folder, `${scripts++}.mjs`);
  await writeFile(path, source);
  return [process.execPath, path];
}

const TASK: TaskAssignment = {
  ...{ task_id: 'task_1', job_id: 'job_1', attempt: 1, kind: 'stage', stage: 0, round: 0, replica: null },
  ...{ spec: resolved(), dataset: MNIST, inputs: {} },
};
const IMPORT: ImportAssignment = {
  ...{
    dataset_id: 'dataset_1',
    attempt: 1,
    name: 'shapes',
    source: 'spool:import_1/source',
    work: 'import_1/a1',
  },
  options: { ...IMPORT_DEFAULTS, format: 'image-folder', test_share: 0.1 },
  limits: { max_unpacked_bytes: 1, max_images: 1, max_classes: 1, max_image_pixels: 1 },
};
const QUESTION: PredictionTask = {
  ...{ uri: `sha256:${'0'.repeat(64)}`, image: { height: 1, width: 1, channels: 1 }, storage: 'pixels' },
  ...{ kind: 'encoded', items: [], topK: 1 },
};

const BOUNDS = { memoryBytes: 2 ** 40, cpuSeconds: 600 };
const never = () => new AbortController().signal;

interface Running {
  kill(reason: string): Promise<void>;
  /** Gives it work. @returns the message of its end */
  work(): Promise<string>;
}

const messageOf = (outcome: object): string => ('message' in outcome ? String(outcome.message) : '');

/** The three processes of a worker, and how each is given work. */
function startTrainer(command: readonly string[]): Running {
  const child = new TrainerChild(command, process.env);
  const work = async () => messageOf(await child.run(TASK, () => undefined));
  return { kill: (reason) => child.kill(reason), work };
}

function startImporter(command: readonly string[]): Running {
  const child = new ImporterChild(command, process.env, BOUNDS);
  const work = async () => messageOf(await child.run(IMPORT, () => undefined));
  return { kill: (reason) => child.kill(reason), work };
}

function startPredictor(command: readonly string[]): Running {
  const child = new PredictorChild(command, process.env, BOUNDS);
  const work = () =>
    child.ask(QUESTION, never()).then(
      () => '',
      (error) => (error instanceof PredictorGoneError ? error.message : String(error)),
    );
  return { kill: (reason) => child.kill(reason), work };
}

const USERS = { trainer: startTrainer, importer: startImporter, predictor: startPredictor };

const ready = (then: string) =>
  `process.send({ type: 'ready', runtime: {} }); process.on('message', () => { ${then} });`;
const forever = ready('setInterval(() => {}, 1_000)');

for (const [name, start] of Object.entries(USERS)) {
  test(`${name}: its work ends with it, and says who ended it`, async () => {
    const exits = start(await commandOf(ready('process.exit(3)')));
    assert.equal(await exits.work(), `the ${name} exited with code 3`);

    const dies = start(await commandOf(ready("process.kill(process.pid, 'SIGTERM')")));
    assert.equal(await dies.work(), `the ${name} was killed by SIGTERM`);

    const unknown = start(await commandOf(ready("process.kill(process.pid, 'SIGKILL')")));
    assert.match(
      await unknown.work(),
      /killed by SIGKILL of an unknown sender: neither its worker nor the kernel/,
    );

    const killed = start(await commandOf(forever));
    const [message] = await Promise.all([killed.work(), killed.kill('the test asks for it')]);
    assert.equal(message, `the ${name} was killed by SIGKILL of its worker, because the test asks for it`);
  });

  test(`${name}: work that comes after its end gets the reason of the end`, async () => {
    const child = start(await commandOf(forever));
    await child.kill('it had no task');
    assert.match(await child.work(), /of its worker, because it had no task/);
    await child.kill('another reason');
    assert.match(await child.work(), /because it had no task/);
  });
}

test('a process that cannot be started is gone, not an exception', async () => {
  const nothing = [join(folder, 'nothing')];
  assert.match(await startTrainer(nothing).work(), /the trainer could not be started: .*ENOENT/);
  // The shell that sets the bounds starts, and finds nothing to run.
  assert.equal(await startPredictor(nothing).work(), 'the predictor exited with code 127');
});

test('a predictor answers many questions at once, each with its own answer', async (t) => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => warnings.push(warning);
  process.on('warning', warn);
  t.after(() => process.off('warning', warn));
  // The answers come in reverse order.
  const command = await commandOf(`const asked = []; process.on('message', ({ id }) => {
    if (asked.push(id) < 32) return;
    for (const id of asked.reverse()) process.send({ type: 'answer', id, outcome: { ok: false, code: 'internal', message: String(id), index: id } });
  });`);
  const child = new PredictorChild(command, process.env, BOUNDS);
  const outcomes = await Promise.all(Array.from({ length: 32 }, () => child.ask(QUESTION, never())));
  assert.deepEqual(
    outcomes.map(messageOf),
    outcomes.map((_, index) => String(index)),
  );
  await child.kill('the test is over');
  assert.deepEqual(warnings, []);
});

test('a predictor that ends tells each open question how many were open', async () => {
  const command = await commandOf(
    `let asked = 0; process.on('message', () => { if (++asked === 3) process.exit(9); });`,
  );
  const child = new PredictorChild(command, process.env, BOUNDS);
  const ask = () => child.ask(QUESTION, never()).catch((error: unknown) => error);
  const errors = await Promise.all([ask(), ask(), ask()]);
  for (const error of [...errors, await ask()]) assert.ok(error instanceof PredictorGoneError);
  const questionsOf = (error: unknown) => error instanceof PredictorGoneError && error.questions;
  assert.deepEqual([...errors.map(questionsOf), questionsOf(await ask())], [3, 3, 3, 1]);
});
