import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { ResolvedSpec } from '../../../src/contract/spec.js';
import { makePlan } from '../../../src/planning/forecast/forecast.js';
import { randomStream } from '../../../src/trainer/random.js';
import { withBlobs } from '../support/run-plan.js';
import { relativeError } from '../support/small-network.js';
import { type Fields, jobsOf, METHOD_TYPES, OPTIMIZER_TYPES, withField, without } from './draw.js';
import { checkProblems, isRefused, type Problem, resolve, withRemedies } from './planned.js';
import { serialJob, wholeBatches } from './serial.js';
import { checkFinite, factsOf, type Trained, train } from './train.js';

// Combinations of techniques: fields of jobs are drawn from the contract, so one that is added is drawn, too. Each job is either
// refused with a field and a remedy, or planned, and trained for three steps by the trainer's tasks.
// COMBINATIONS=1000 trains so many jobs instead of 40 (a second of processor time each); SEED=1 repeats a run.

const SEED = Number(process.env.SEED ?? randomInt(2 ** 31));
const RUNS = Number(process.env.COMBINATIONS ?? 40);
/** Jobs that are planned only, for each that is trained. */
const PLANNED = 15;
/** Every third job is one that must equal the serial network, every fourth is evaluated and exported. */
const [SERIAL, ENDS] = [3, 4];
/** Refusals that a job can get one after another: leaving a field out can make others wrong. */
const MAX_REFUSALS = 12;

const LOCAL = {
  devices: 2,
  memoryBytes: null,
  bytesPerSecond: 1e9,
  roundTripSeconds: 0,
  profile: null,
  measured: null,
};

/** Images: three batches of eight, or one that is seen in three epochs. */
const imagesOf = (fields: Fields): number => (fields.get('/epochs') === 3 ? 8 : 24);

/** The `index`-th job of this run: eight methods and five optimizers, so that forty jobs have each pair. */
function draw(index: number): Fields {
  const method = METHOD_TYPES[index % METHOD_TYPES.length]!;
  const optimizer = OPTIMIZER_TYPES[index % OPTIMIZER_TYPES.length]!;
  const [fields] = fc.sample(jobsOf(method, optimizer), { numRuns: 1, seed: SEED + index });
  return fields!;
}

/** Fields of one method or few, which are drawn in one of many hundred jobs: each is in a job of every run. */
const RARE = [
  ['/method/replicas', 2, 'augmented-lagrangian'],
  ['/method/levels/count', 2, 'penalty'],
  ['/method/sparsity/keep', 0.5, 'augmented-lagrangian'],
  ['/method/reach', 2, 'local-heads'],
  ['/method/heads/decoder', true, 'local-heads'],
] as const;
/** Every eighth job has one of them. */
const RARE_EVERY = 8;
const MAX_DRAWS = 500;

/** The first job drawn that is accepted with a rare field. */
function drawRare(index: number): Fields {
  const [pointer, value, method] = RARE[Math.floor(index / RARE_EVERY) % RARE.length]!;
  const optimizer = OPTIMIZER_TYPES[index % OPTIMIZER_TYPES.length]!;
  for (let drawn = 0; drawn < MAX_DRAWS; drawn++) {
    const [fields] = fc.sample(jobsOf(method, optimizer), {
      numRuns: 1,
      seed: SEED + RUNS + MAX_DRAWS * index + drawn,
    });
    const answer = accepted(withField(fields!, pointer, value));
    if (answer.fields.has(pointer)) return answer.fields;
  }
  throw new Error(`SEED=${SEED}: no job of ${MAX_DRAWS} with ${pointer} is accepted`);
}

const textOf = (fields: Fields): string => JSON.stringify(Object.fromEntries(fields));

/** The job as drawn, or with the remedies of its refusals, until it is accepted. */
function accepted(drawn: Fields, seen: (problems: readonly Problem[]) => void = () => {}) {
  let fields = drawn;
  for (let refusals = 0; refusals <= MAX_REFUSALS; refusals++) {
    const answer = resolve(fields, factsOf(imagesOf(fields)));
    if (!isRefused(answer)) return { fields, spec: answer, refusals };
    checkProblems(answer);
    seen(answer);
    fields = withRemedies(fields, answer);
  }
  throw new Error(`${textOf(drawn)} is refused whatever its remedies`);
}

/** Adds the job to what a failure says. */
async function about(fields: Fields, body: () => Promise<void> | void): Promise<void> {
  try {
    await body();
  } catch (error) {
    throw new Error(`SEED=${SEED}, ${textOf(fields)}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

function checkPlan(spec: ResolvedSpec, images: number): void {
  const plan = makePlan(spec, factsOf(images), LOCAL);
  JSON.stringify(plan, (key, value) => {
    if (typeof value === 'number') assert.ok(Number.isFinite(value), `${key} of the plan is ${value}`);
    return value;
  });
}

test('a drawn job is planned, or refused with a field and a remedy that leads to a job that is planned', async (t) => {
  const refused = new Set<string>();
  const count = { planned: 0, refused: 0 };
  for (let index = 0; index < PLANNED * RUNS; index++) {
    const drawn = draw(index);
    await about(drawn, () => {
      const { fields, spec, refusals } = accepted(drawn, (problems) => {
        for (const { pointer } of problems) refused.add(pointer);
      });
      checkPlan(spec, imagesOf(fields));
      count[refusals === 0 ? 'planned' : 'refused'] += 1;
    });
  }
  t.diagnostic(
    `SEED=${SEED}: ${count.planned} jobs planned, ${count.refused} first refused, for ${refused.size} fields`,
  );
  assert.ok(count.planned > 0 && count.refused > 0 && refused.size > 10);
});

test('every accepted job trains three steps with finite figures, and equal bytes in any order of its tasks', async (t) => {
  const count = { trained: 0, serial: 0, exported: 0 };
  for (let index = 0; index < RUNS; index++) {
    const { fields, spec } = accepted(drawnFor(index));
    await about(fields, () =>
      withBlobs(async (blobs) => {
        const images = imagesOf(fields);
        const ends = index % ENDS === 0;
        const first = await train(spec, blobs, images, () => 0, ends);
        checkFinite(first);
        const random = randomStream(SEED + index, 'order');
        const again = await train(spec, blobs, images, (ready) => Math.floor(ready * random()));
        for (const [name, address] of again.outputs) assert.equal(first.outputs.get(name), address, name);
        const serial = serialJob(spec);
        if (serial) checkWeights(first, await train(serial, blobs, images, () => 0));
        count.trained += 1;
        if (serial) count.serial += 1;
        if (ends) count.exported += 1;
      }),
    );
  }
  t.diagnostic(
    `SEED=${SEED}: ${count.trained} jobs trained, ${count.serial} bitwise as the serial network, ${count.exported} exported`,
  );
  // Jobs that round what they keep have no serial network to equal.
  assert.ok(count.serial >= Math.floor(RUNS / 5));
});

function drawnFor(index: number): Fields {
  if (index % RARE_EVERY === RARE_EVERY - 1) return drawRare(index);
  return index % SERIAL === 0 ? ofSerialNetwork(draw(index)) : draw(index);
}

/** A job whose weights must be those of the serial network: one stage, or all message rounds. */
function ofSerialNetwork(fields: Fields): Fields {
  const exchanges = fields.get('/method/type') === 'rounds';
  const left = ['/method/message_rounds', '/optimizer/clip_norm', '/method/split'];
  const rest = without(fields, left);
  return exchanges ? rest : new Map([...rest, ['/method/stages', 1]]);
}

function checkWeights(actual: Trained, expected: Trained): void {
  for (const [name, values] of expected.weights) assert.deepEqual(actual.weights.get(name), values, name);
}

/**
 * Sums of eight images in another order differ by float32 rounding, 6e-8 of each; AdamW and LAMB divide small gradients by their
 * own size, which magnifies it.
 */
const PARTS_TOLERANCE = 2e-5;

test('parts of a batch train as the whole batch where no batch norm looks at one', async (t: TestContext) => {
  let largest = 0;
  for (const [index, optimizer] of OPTIMIZER_TYPES.entries()) {
    const [drawn] = fc.sample(jobsOf('backprop', optimizer), { numRuns: 1, seed: SEED + index });
    const given: Fields = new Map([...without(drawn!, OF_PARTS), ...ALL_FROZEN]);
    const { fields, spec } = accepted(given);
    await about(fields, () =>
      withBlobs(async (blobs) => {
        const [parts, whole] = [spec, wholeBatches(spec)];
        assert.equal(parts.optimizer.gradient_accumulation_steps, 2);
        const images = imagesOf(fields);
        const actual = await train(parts, blobs, images, () => 0);
        const expected = await train(whole, blobs, images, () => 0);
        const head = [...expected.weights].filter(([name]) => name.startsWith('head/'));
        const error = relativeError(actual.weights, new Map(head));
        largest = Math.max(largest, error);
        assert.ok(error < PARTS_TOLERANCE, `the weights differ by ${error}`);
      }),
    );
  }
  t.diagnostic(`SEED=${SEED}: at most ${largest}, tolerance ${PARTS_TOLERANCE}`);
});

/** Choices that would train batch norms, or none of the network. */
const OF_PARTS = ['/model/family', '/model/dropout', '/method/stages', '/freeze/until_epoch'];
/** The head alone is trained, so no batch norm sees a part. */
const ALL_FROZEN: readonly [string, unknown][] = [
  ['/model/depth', 8],
  ['/model/width', 2],
  ['/freeze/blocks', 3],
  ['/freeze/norm', 'frozen'],
  ['/init_from/weights', 'weights_1'],
  ['/optimizer/gradient_accumulation_steps', 2],
];
