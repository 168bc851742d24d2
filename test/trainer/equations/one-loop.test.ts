import { test } from 'node:test';
import type { ResolvedSpec } from '../../../src/contract/spec.js';
import { describeRun, parallelRange, type StepRange } from '../../../src/method/index.js';
import { type Layer, parametersOf, type StageDescription, wholeNetwork } from '../../../src/network/index.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { decodeState } from '../../../src/trainer/checkpoint/index.js';
import { classificationLoss } from '../../../src/trainer/objective/index.js';
import { initialValues } from '../../../src/trainer/optimizer/index.js';
import { trainPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { arena, read, type Tensor, upload } from '../../../src/trainer/runtime/index.js';
import { stageParameters } from '../../../src/trainer/tasks/inputs/stage-parameters.js';
import { within } from '../support/measured.js';
import { type PlainBatch, plainBatches } from '../support/plain-batches.js';
import { clipped, descend, movesFrom, restingVelocity } from '../support/plain-descent.js';
import { withBlobs } from '../support/run-plan.js';
import { readAll, relativeError } from '../support/small-network.js';
import type { SpecChanges } from '../support/specs.js';
import { runTraining, TINY, tinySpec } from '../support/training-tasks.js';

// Oracle of method.type penalty, augmented-lagrangian.

// docs/method.md, "What we compute", and "The schedule": both couplings as one plain loop over rounds, stages from the
// last to the first, and steps. The loop has no tasks, spools, objectives, optimiser or schedule. It shares with the
// trainer the passes and the augmented batches, which have oracles of their own.

const STAGES = 3;
const BETA = 4;
const RATE = 0.02;
const AUXILIARY_RATE = 0.05;
const SMOOTHING = 0.1;
/** Below the length of most gradients here, so that most steps are clipped. */
const CLIP_NORM = 1;
/** The formulas round in another order than the kernels; sixteen steps let float32's 6e-8 grow to some 1e-6. */
const TOLERANCE = 1e-5;
/** The joined network starts from weights that already differ by rounding, and its steps add theirs. */
const JOINED_TOLERANCE = 3e-5;

const NETWORKS: Readonly<Record<string, SpecChanges['model']>> = {
  resnet: { depth: 8, width: 2 },
  // Dropout masks tell which step a pass was made for.
  'wide-resnet with dropout': { family: 'wide-resnet', depth: 10, width: 1, dropout: 0.3 },
};

type Weights = ReadonlyMap<string, Float32Array>;

/** A stage and its AuxNet in plain arrays, which the loop changes in place. */
interface PlainStage {
  readonly stage: StageDescription;
  readonly weights: Weights;
  readonly velocity: ReadonlyMap<string, Float64Array>;
}

/** Messages of stage k to stage k-1 in a round: A_k at its end, and g_k of each step. */
interface Message {
  readonly auxiliary: Weights;
  readonly inputGradients: ReadonlyMap<number, Float32Array>;
}

for (const type of ['penalty', 'augmented-lagrangian'] as const) {
  for (const [name, model] of Object.entries(NETWORKS)) {
    test(`${type}, K=${STAGES}, ${name}: stage tasks move stages and AuxNets as one plain loop does`, async (t) => {
      await withBlobs(async (blobs) => {
        const spec = specOf(type, model);
        const { stages, rounds } = describeRun(spec, TINY);
        const batches = await plainBatches(spec, blobs, rounds.parallelSteps);
        const expected = oneLoop(spec, batches).map(({ weights }) => weights);
        const actual = await trainedStages(spec, blobs);
        for (const stage of stages) {
          for (const [part, layers] of partsOf(stage)) {
            const [a, b] = [actual, expected].map((all) => movesOf(layers, all[stage.index]!, spec.seed));
            within(t, `${type}, ${name}, stage ${stage.index}, ${part}`, relativeError(a!, b!), TOLERANCE);
          }
        }
      });
    });
  }
}

test('the joined network goes on with the weights and the memory of its stages', async (t) => {
  await withBlobs(async (blobs) => {
    const type = 'augmented-lagrangian';
    const spec = specOf(type, NETWORKS.resnet, { end_to_end_share: 0.25, end_to_end_replicas: 1 });
    const { network, rounds } = describeRun(spec, TINY);
    const batches = await plainBatches(spec, blobs, rounds.totalSteps);
    const stages = oneLoop(spec, batches);
    const layers = wholeNetwork(network);
    const names = parametersOf(layers).map(({ name }) => name);
    const joined = <T>(part: (stage: PlainStage) => ReadonlyMap<string, T>): ReadonlyMap<string, T> => {
      const all = new Map(stages.flatMap((stage) => [...part(stage)]));
      return new Map(names.map((name) => [name, all.get(name)!]));
    };
    const [weights, velocity] = [joined((stage) => stage.weights), joined((stage) => stage.velocity)];
    const start = new Map([...weights].map(([name, values]) => [name, values.slice()]));
    for (const [step, batch] of [...batches.entries()].slice(rounds.parallelSteps)) {
      const gradients = serialGradients(spec, layers, weights, step, batch);
      update(spec, weights, velocity, gradients, () => RATE * cosineAt(step, batches.length));
    }
    const run = await runTraining(spec, blobs);
    const last = run.get(`end_to_end-${rounds.endToEndRounds - 1}`)!.outputs.state!;
    const actual = decodeState(await blobs.get(last.uri)).weights;
    const [a, b] = [actual, weights].map((all) => movesFrom(start, all));
    within(t, 'way of the joined network', relativeError(a!, b!), JOINED_TOLERANCE);
  });
});

/** Two epochs of eight steps in rounds of four. */
function specOf(
  type: 'penalty' | 'augmented-lagrangian',
  model: SpecChanges['model'],
  method: SpecChanges['method'] = {},
): ResolvedSpec {
  return tinySpec({
    ...(model && { model }),
    epochs: 2,
    label_smoothing: SMOOTHING,
    optimizer: { learning_rate: RATE, clip_norm: CLIP_NORM },
    method: {
      type,
      stages: STAGES,
      penalty: BETA,
      round_steps: 4,
      auxiliary: { learning_rate: AUXILIARY_RATE },
      // The penalty method sends no corrections. The other one sends them unrounded, to be compared to seven digits.
      ...(type === 'augmented-lagrangian' && { corrections: { precision: 'float32' } }),
      ...method,
    },
  });
}

/** Every stage with its AuxNet at the end of the layer-parallel phase. */
function oneLoop(spec: ResolvedSpec, batches: readonly PlainBatch[]): PlainStage[] {
  const { stages, rounds } = describeRun(spec, TINY);
  const plain = stages.map((stage) => startOf(stage, spec.seed));
  let before = plain.map(({ stage, weights }) => messageOf(stage, weights, new Map()));
  for (let round = 0; round < rounds.parallelRounds; round++) {
    const now = [...before];
    for (const each of plain.toReversed()) {
      const k = each.stage.index;
      // With multipliers, messages are of the same round, and without them of the round before.
      const heard = (spec.method.type === 'augmented-lagrangian' ? now : before)[k + 1];
      const next = heard && { stage: stages[k + 1]!, ...heard };
      now[k] = trainRound(spec, each, next ?? null, parallelRange(rounds, round), batches);
    }
    before = now;
  }
  return plain;
}

function startOf(stage: StageDescription, seed: number): PlainStage {
  const weights = initialValues(stageParameters(stage), seed);
  return { stage, weights, velocity: restingVelocity(weights) };
}

/** Trains a stage over the steps of a round, in place, and returns its message upstream. */
function trainRound(
  spec: ResolvedSpec,
  { stage, weights, velocity }: PlainStage,
  next: Next | null,
  { start, end }: StepRange,
  batches: readonly PlainBatch[],
): Message {
  const generates = new Set(parametersOf(stage.auxiliary ?? []).map(({ name }) => name));
  const inputGradients = new Map<number, Float32Array>();
  for (let step = start; step < end; step++) {
    const { gradients, inputGradient } = localStep(spec, stage, weights, next, step, batches[step]!);
    if (inputGradient) inputGradients.set(step, inputGradient);
    const rate = (name: string) => (generates.has(name) ? AUXILIARY_RATE : RATE);
    update(spec, weights, velocity, gradients, (name) => rate(name) * cosineAt(step, batches.length));
  }
  return messageOf(stage, weights, inputGradients);
}

/** Remaining share of the rate at a step of `total`. */
const cosineAt = (step: number, total: number): number => (1 + Math.cos((Math.PI * step) / total)) / 2;

function update(
  { optimizer }: ResolvedSpec,
  weights: Weights,
  velocity: ReadonlyMap<string, Float64Array>,
  gradients: Weights,
  rateOf: (name: string) => number,
): void {
  descend(weights, velocity, clipped(gradients, CLIP_NORM), rateOf, {
    momentum: optimizer.momentum ?? 0,
    weightDecay: optimizer.weight_decay,
    round: Math.fround,
  });
}

/** Back-propagation through the joined network. */
function serialGradients(
  { seed }: ResolvedSpec,
  layers: readonly Layer[],
  values: Weights,
  step: number,
  batch: PlainBatch,
): Weights {
  return arena(() => {
    const gradients = new Map<string, Tensor>();
    const context = { weights: uploadWeights(parametersOf(layers), values), gradients, draw: { seed, step } };
    const pass = trainPass(layers, upload(batch.images, batch.shape), context, false);
    const labels = upload(batch.labels, [batch.labels.length]);
    pass.pullback(classificationLoss(pass.output, labels, SMOOTHING).cotangent);
    return { values: readAll(gradients) };
  }).values;
}

/** The downstream stage, as far as a stage hears of it. */
type Next = Message & { readonly stage: StageDescription };

/** Steps 1 to 5 of docs/method.md for one batch. */
function localStep(
  spec: ResolvedSpec,
  stage: StageDescription,
  values: Weights,
  next: Next | null,
  step: number,
  batch: PlainBatch,
) {
  return arena(() => {
    const images = upload(batch.images, batch.shape);
    const gradients = new Map<string, Tensor>();
    const weights = uploadWeights(stageParameters(stage), values);
    const context = { weights, gradients, draw: { seed: spec.seed, step } };
    const generator = stage.auxiliary && trainPass(stage.auxiliary, images, context, false);
    const pass = trainPass(stage.layers, generator?.output ?? images, context, generator !== null);
    const labels = upload(batch.labels, [batch.labels.length]);
    const cotangent = next
      ? couplingCotangent(pass.output, next, images, step)
      : classificationLoss(pass.output, labels, SMOOTHING).cotangent;
    const g = pass.pullback(cotangent);
    const inputGradient = g && read(g);
    if (g) generator?.pullback(g);
    return { gradients: readAll(gradients), inputGradient };
  });
}

/** g + beta (o - lambda) / max(|o|^2, |lambda|^2 / 4), in float64. */
function couplingCotangent(output: Tensor, next: Next, images: Tensor, step: number): Tensor {
  const layers = next.stage.auxiliary!;
  const weights = uploadWeights(parametersOf(layers), next.auxiliary);
  const lambda = read(trainPass(layers, images, { weights, gradients: new Map() }, false).output);
  const o = read(output);
  const g = next.inputGradients.get(step);
  const norm = Math.max(squared(o), squared(lambda) / 4);
  const cotangent = o.map((value, i) => (g?.[i] ?? 0) + (BETA * (value - lambda[i]!)) / norm);
  return upload(cotangent, output.shape);
}

const squared = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);

/** The penalty method has no multiplier: it sends A_k alone. */
function messageOf(stage: StageDescription, weights: Weights, gradients: Message['inputGradients']): Message {
  const names = parametersOf(stage.auxiliary ?? []).map(({ name }) => name);
  return {
    auxiliary: new Map(names.map((name) => [name, weights.get(name)!.slice()])),
    inputGradients: gradients,
  };
}

/** The same weights as the job's stage tasks leave them. */
async function trainedStages(spec: ResolvedSpec, blobs: BlobStore): Promise<Weights[]> {
  const { stages, rounds } = describeRun(spec, TINY);
  const run = await runTraining(spec, blobs);
  const last = stages.map(
    ({ index }) => run.get(`stage-${index}-${rounds.parallelRounds - 1}`)!.outputs.state!,
  );
  return await Promise.all(last.map(async ({ uri }) => decodeState(await blobs.get(uri)).weights));
}

function partsOf({ layers, auxiliary }: StageDescription): [string, readonly Layer[]][] {
  return [['layers', layers], ...(auxiliary ? [['AuxNet', auxiliary] as [string, readonly Layer[]]] : [])];
}

/**
 * Distance of the weights of `layers` from their initial values. The error of a short distance would be lost in the
 * weights themselves.
 */
function movesOf(
  layers: readonly Layer[],
  weights: Weights,
  seed: number,
): ReadonlyMap<string, Float64Array> {
  return movesFrom(initialValues(parametersOf(layers), seed), weights);
}
