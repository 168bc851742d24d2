import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ResolvedSpec } from '../../src/contract/spec.js';
import { describeRun, streamBytesPerValue } from '../../src/method/index.js';
import { frozenPart, messageBytes, type StageCost, stageCosts } from '../../src/planning/costs/index.js';
import { costInRounds } from '../../src/planning/forecast/methods/in-rounds.js';
import { joinedCost } from '../../src/planning/forecast/methods/joined.js';
import { turnSeconds } from '../../src/planning/forecast/methods/pipelined.js';
import { resolveSpec } from '../../src/planning/spec/resolve.js';
import { jobSpec, type SpecChanges } from '../../test/jobs/support/specs.js';
import { type Answer, startTrainers, stopTrainers } from '../merge/trainers.js';
import { noiseFacts, storeNoise } from './dataset.js';
import { forgetPeak, type Limit, memoryOf } from './memory.js';
import type { Network } from './networks.js';
import { type Ended, type Place, runTasks } from './tasks.js';
import { DEVICES, EPOCH_STEPS, type Missing, type Way, type Wire } from './way.js';

/** The last one is measured; the one before warms the trainers, and a wavefront needs one to begin. */
const ROUNDS = 3;
/** Epochs of a run whose first and last rounds a wavefront pays once. */
const EPOCHS = 10;
const FLOAT = 4;
/** Weights and momentum. */
const STATE_VALUES = 2;

/** A way of Strata. */
export interface Ours {
  readonly name: string;
  readonly method: NonNullable<SpecChanges['method']>;
  /** Parts of a batch whose gradients are accumulated. */
  readonly parts?: number;
  /** Whether the network is cut by memory, and features are computed again. */
  readonly isFrugal?: boolean;
}

const LOCAL = { type: 'backprop', end_to_end_share: 1, end_to_end_replicas: DEVICES } as const;
const PIPELINE = { type: 'pipeline', stages: DEVICES } as const;
const LAGRANGIAN = { type: 'augmented-lagrangian', stages: DEVICES, end_to_end_share: 0 } as const;

export const OURS: readonly Ours[] = [
  { name: 'Strata local SGD', method: LOCAL },
  { name: 'Strata local SGD, accumulation', method: LOCAL, parts: 4 },
  { name: 'Strata pipeline', method: PIPELINE },
  { name: 'Strata pipeline, cut by memory, recompute', method: PIPELINE, isFrugal: true },
  { name: 'Strata augmented Lagrangian', method: LAGRANGIAN },
  { name: 'Strata augmented Lagrangian, cut by memory, recompute', method: LAGRANGIAN, isFrugal: true },
];

/** @param steps of a round */
export function specOf(
  { model, batch, side, frugal }: Network,
  { method, parts = 1, isFrugal = false }: Omit<Ours, 'name'>,
  steps: number,
): ResolvedSpec {
  const facts = noiseFacts(side, batch * steps);
  const job = {
    ...{ model, batch_size: batch, epochs: ROUNDS, seed: 1, exports: [] },
    optimizer: { gradient_accumulation_steps: parts },
    method: { round_steps: steps, ...method, ...(isFrugal && { split: frugal, memory: 'recompute' }) },
  };
  return resolveSpec(jobSpec(job as SpecChanges), facts, 1);
}

/** Blocks of a pipeline's stages, and bytes of a batch's features between them. */
export function pipelineCut(network: Network, isFrugal: boolean) {
  const spec = specOf(network, { method: PIPELINE, isFrugal }, 1);
  const [first] = costsOf(spec, network);
  return { split: spec.method.split, boundaryBytes: FLOAT * network.batch * first!.boundary };
}

function costsOf(spec: ResolvedSpec, { side, batch }: Network): StageCost[] {
  const { network, stages } = describeRun(spec, noiseFacts(side, batch));
  return stageCosts(spec.method, stages, frozenPart(network));
}

/** Runs three rounds on two trainers. */
export async function measureOurs(
  network: Network,
  ours: Ours,
  { steps, limits = [] }: { readonly steps: number; readonly limits?: readonly Limit[] },
): Promise<Way | Missing> {
  const folder = mkdtempSync(join(tmpdir(), 'strata-bench-'));
  const trainers = await startTrainers(DEVICES);
  try {
    const facts = noiseFacts(network.side, network.batch * steps);
    const place: Place = { folder, facts, dataset: await storeNoise(folder, facts) };
    await runTasks(trainers, warmingSpec(network, steps), place);
    const base: number[] = [];
    for (const [index, { pid = 0 }] of trainers.entries()) {
      base.push((await memoryOf(pid)).nowMb);
      await forgetPeak(pid);
      await limits[index]?.join(pid);
    }
    const spec = specOf(network, ours, steps);
    const ended = await runTasks(trainers, spec, place);
    const peaks = await Promise.all(trainers.map(({ pid = 0 }) => memoryOf(pid)));
    const megabytes = Math.max(...peaks.map(({ peakMb }, index) => peakMb - base[index]!));
    const measured = measuredOf(ended, spec, steps);
    const parameters = costsOf(spec, network).reduce((sum, cost) => sum + cost.parameters, 0);
    const costs = costsOf(spec, network);
    return {
      ...{ name: ours.name, isOurs: true, megabytes },
      epochSeconds: (wire) => ourEpoch(spec, { ...measured, parameters, costs }, wire),
    };
  } catch (error) {
    return { name: ours.name, error: (error as Error).message };
  } finally {
    stopTrainers(trainers);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A job of a small network on all trainers, after which they have loaded what they need. */
const warmingSpec = ({ side, batch }: Network, steps: number): ResolvedSpec =>
  specOf(
    { name: '', model: { family: 'resnet', depth: 8, width: 8 }, batch, side, fills: '', frugal: 'memory' },
    { method: LOCAL },
    steps,
  );

/** Parts of a task's time that are not of its steps. */
const AROUND = ['data_thread', 'start', 'checkpoint'];

function loopSeconds({ seconds }: Answer): number {
  return Object.entries(seconds).reduce((sum, [part, value]) => sum + (AROUND.includes(part) ? 0 : value), 0);
}

interface Measured {
  /** A step of each trainer without its waiting for streams, while the others computed too. */
  readonly stageSeconds: readonly number[];
  /** A step with it, of the slowest trainer. */
  readonly seconds: number;
}

/** Seconds of the last tasks that ran beside others: in a wavefront stage 0 is a round behind. */
function measuredOf(ended: readonly Ended[], { method }: ResolvedSpec, steps: number): Measured {
  const isWavefront = ended.some(({ task }) => task.stage !== null);
  const chosen = ended.filter(
    ({ task: { round, stage } }) =>
      round === ROUNDS - 1 - (isWavefront ? method.stages - 1 - (stage ?? 0) : 0),
  );
  const answers = chosen.flatMap((one) => one.answers);
  // Replicas share the steps of a round, and a pipeline fills once.
  const each = method.stages === 1 ? steps / answers.length : isWavefront ? steps : steps + method.stages - 1;
  const streamed = ({ seconds }: Answer) => seconds.stream ?? 0;
  return {
    stageSeconds: answers.map((answer) => (loopSeconds(answer) - streamed(answer)) / steps),
    seconds: Math.max(...answers.map(loopSeconds)) / each,
  };
}

interface Priced extends Measured {
  readonly parameters: number;
  readonly costs: readonly StageCost[];
}

/**
 * Measured steps with the messages of the method by the formulas of `POST /plans`. They overlap messages with computing in a
 * pipeline and nowhere else.
 */
export function ourEpoch(
  { method, batch_size: batch }: Pick<ResolvedSpec, 'method' | 'batch_size'>,
  { seconds, stageSeconds, parameters, costs }: Priced,
  wire: Wire,
): number {
  const round = { steps: EPOCH_STEPS, roundSteps: EPOCH_STEPS };
  if (method.stages === 1) {
    const stateBytes = FLOAT * STATE_VALUES * parameters;
    return joinedCost({ ...round, stepSeconds: seconds, replicas: DEVICES, stateBytes, outerBytes: 0 }, wire)
      .seconds;
  }
  if (method.type === PIPELINE.type) {
    const boundaryBytes = costs
      .slice(0, -1)
      .map((cost) => batch * streamBytesPerValue(method) * cost.boundary);
    const turn = Math.max(seconds, turnSeconds(stageSeconds, boundaryBytes, wire));
    return (EPOCH_STEPS + method.stages - 1) * turn;
  }
  const sentBytes = costs.map((cost) => batch * messageBytes(method, cost));
  const run = {
    steps: EPOCHS * EPOCH_STEPS,
    roundSteps: EPOCH_STEPS,
    stageSeconds,
    sentBytes,
    replicas: 1,
    stateBytes: [],
  };
  return costInRounds(run, wire).seconds / EPOCHS;
}
