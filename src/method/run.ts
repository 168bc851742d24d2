import type { DatasetFacts, ResolvedMethod, ResolvedSpec } from '../contract/spec.js';
import { work } from '../network/cost.js';
import { blockFactor, type NetworkDescription, wholeNetwork } from '../network/description.js';
import { freezeBlocks } from '../network/frozen.js';
import { type LocalHead, localHead } from '../network/heads.js';
import { inputShape } from '../network/input-shape.js';
import { describeNetwork } from '../network/resnet.js';
import { describeStages, type StageDescription } from '../network/stages.js';
import { coarserModel, countLevels } from './levels.js';
import { hasAuxiliary, hasHead } from './methods.js';
import { reachedStage } from './reach.js';
import { type RoundedSpec, type Rounds, roundsOf, stepsOfRound } from './rounds.js';
import { stagesInRound } from './sparsity.js';

/** Everything about a job that follows from its spec and the facts about its dataset, in some of its steps. */
export interface RunDescription {
  readonly network: NetworkDescription;
  readonly stages: readonly StageDescription[];
  readonly rounds: Rounds;
}

/** Some steps of a run, in which it trains the same layers. */
export interface RunPart {
  readonly run: RunDescription;
  /** The first of them. */
  readonly start: number;
  /** Their share of all steps. */
  readonly share: number;
  /** Number of blocks of the whole network for each block that it trains. */
  readonly factor: number;
}

/** The run in its steps from `step` to the next of `Rounds.changes`: all that its networks and AuxNets are there. */
export function describeRunAt(spec: ResolvedSpec, dataset: DatasetFacts, step: number): RunDescription {
  const rounds = roundsOf(spec, dataset);
  const { unfreezeStep } = rounds;
  const freeze = unfreezeStep !== null && step >= unfreezeStep ? null : spec.freeze;
  return describeRun(spec, dataset, freeze, levelsLeftAt(rounds, step));
}

function levelsLeftAt({ levelSteps }: Pick<Rounds, 'levelSteps'>, step: number): number {
  return levelSteps.filter((start) => start > step).length;
}

/** The model whose network a step trains: that of the job, or a shallower one. */
export function modelAt(
  spec: RoundedSpec & Pick<ResolvedSpec, 'model'>,
  dataset: DatasetFacts,
  step: number,
): ResolvedSpec['model'] {
  return coarserModel(spec.model, levelsLeftAt(roundsOf(spec, dataset), step));
}

/** The same in a round of a training task, with the hidden channels that AuxNets and local heads have in it. */
export function describeRunIn(
  spec: ResolvedSpec,
  dataset: DatasetFacts,
  task: { readonly kind: string; readonly round: number | null },
): RunDescription {
  const run = describeRunAt(spec, dataset, stepsOfRound(roundsOf(spec, dataset), task).start);
  if (task.kind !== 'stage') return run;
  return { ...run, stages: stagesInRound(run.stages, spec.method, task.round ?? 0) };
}

/** The parts of a run in order, one where nothing changes. */
export function partsOfRun(spec: ResolvedSpec, dataset: DatasetFacts): RunPart[] {
  const { changes, totalSteps } = roundsOf(spec, dataset);
  const starts = [0, ...changes];
  return starts.map((start, index) => {
    const run = describeRunAt(spec, dataset, start);
    const share = ((starts[index + 1] ?? totalSteps) - start) / totalSteps;
    return { run, start, share, factor: blockFactor(run.network) };
  });
}

/** The work of each step of the run, in shares of a step of the network of `model`. */
export function workOfSteps(spec: ResolvedSpec, dataset: DatasetFacts): (step: number) => number {
  if (countLevels(spec.method) === 1) return () => 1;
  const workOf = (run: RunDescription) => work(wholeNetwork(run.network));
  const whole = workOf(describeRun(spec, dataset));
  const parts = partsOfRun(spec, dataset).map(({ run, start }) => ({ start, share: workOf(run) / whole }));
  return (step) => parts.findLast(({ start }) => start <= step)?.share ?? 1;
}

/**
 * The network in which the split of a job is searched, if it is not the whole one, and the blocks that each of its blocks
 * becomes.
 */
export function shallowestNetwork(
  spec: ResolvedSpec,
  dataset: DatasetFacts,
  method: ResolvedMethod,
): { readonly network: NetworkDescription; readonly factor: number } | null {
  const levels = countLevels(method);
  if (levels === 1) return null;
  const first = describeRun(spec, dataset, spec.freeze, levels - 1).network;
  const { whole: _, ...network } = first;
  return { network, factor: blockFactor(first) };
}

/**
 * @param freeze null describes the steps from `freeze.until_epoch` on, in which every block trains
 * @param levelsLeft how often each block is yet to become two; 0 describes the network of `model`
 */
export function describeRun(
  spec: ResolvedSpec,
  dataset: DatasetFacts,
  freeze: ResolvedSpec['freeze'] = spec.freeze,
  levelsLeft = 0,
): RunDescription {
  const describe = (model: ResolvedSpec['model']) =>
    describeNetwork(model, inputShape(spec, dataset), dataset.classes.length);
  const whole = describe(spec.model);
  const ofLevel = levelsLeft > 0 ? { ...describe(coarserModel(spec.model, levelsLeft)), whole } : whole;
  const network = freeze ? freezeBlocks(ofLevel, freeze) : ofLevel;
  return { network, stages: stagesOfMethod(network, spec.method), rounds: roundsOf(spec, dataset) };
}

/**
 * The stages, with the AuxNets and heads of the method. In a job with levels, AuxNets are those of the last level at all of them:
 * their boundaries are the same, and so their weights last.
 * @param method with a split of the whole network
 */
export function stagesOfMethod(network: NetworkDescription, method: ResolvedMethod): StageDescription[] {
  const { auxiliary } = method;
  const factor = blockFactor(network);
  const split = method.split.map((blocks) => blocks / factor);
  const stages = describeStages(network, split, auxiliary.cost_share, auxiliary);
  const sized = network.whole
    ? describeStages(network.whole, method.split, auxiliary.cost_share, auxiliary)
    : stages;
  return stages.map((stage) => ({
    ...stage,
    auxiliary: hasAuxiliary(method, stage.index) ? sized[stage.index]!.auxiliary : null,
    head: hasHead(method, stage.index) ? headOf(network, { ...method, split }, stages, stage.index) : null,
  }));
}

/** The head of the stage that a stage reaches, behind the stages between, with the decoder of the stage itself. */
function headOf(
  network: NetworkDescription,
  method: ResolvedMethod,
  stages: readonly StageDescription[],
  stage: number,
): LocalHead {
  const headAt = (index: number): LocalHead => {
    const boundary = method.split.slice(0, index + 1).reduce((sum, blocks) => sum + blocks, 0);
    return localHead(network, index, boundary, method.heads.decoder);
  };
  const reached = reachedStage(method, stage);
  return {
    copies: stages.slice(stage + 1, reached + 1).flatMap(({ layers }) => layers),
    classifier: stages[reached]!.isLast ? [] : headAt(reached).classifier,
    decoder: headAt(stage).decoder,
  };
}
