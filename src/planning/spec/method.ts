import type { DatasetFacts, JobSpec, ResolvedMethod, ResolvedSpec } from '../../contract/spec.js';
import { defaultReplicas, describeMethod, storesVariables } from '../../method/methods.js';
import { defaultRoundSteps, endToEndStepsOf, stepsOf, trainSamples } from '../../method/rounds.js';
import type { NetworkDescription } from '../../network/description.js';
import type { Shape } from '../../network/layers.js';
import { describeNetwork } from '../../network/resnet.js';
import { describeStages } from '../../network/stages.js';
import { balancedSplit, type SplitOptions } from '../costs/split.js';
import { checkAuxiliary } from './auxiliary.js';
import { checkUnchangedImages } from './images.js';
import {
  checkCorrections,
  checkHeads,
  checkMessageRounds,
  checkReplicas,
  checkRounds,
  checkSplit,
  checkStages,
  checkWarmStart,
  exactMessageRounds,
} from './method-rules.js';
import type { Problems } from './problems.js';
import { remember } from './remember.js';
import { checkStoredBytes, checkStoredRounds, resolveStored } from './stored-variables.js';

const DEFAULT_STAGES = 2;

const DEFAULT_END_TO_END_SHARE = 0.2;

// docs/method.md, "The choice of beta": just strong enough, where an end-to-end phase follows.
const DEFAULT_PENALTY = { 'augmented-lagrangian': 4, penalty: 6 } as const;

/** learning_rate x penalty that training still bears; `auto` stays below it. */
const STABLE_PRODUCT = 0.8;

/** Networks that are kept, and splits of each: a sweep's jobs all have the same. Of a deep one that is a megabyte. */
const NETWORKS_KEPT = 10;

const SPLITS_KEPT = 50;

export function resolveMethod(
  spec: JobSpec & Pick<ResolvedSpec, 'model' | 'optimizer'>,
  dataset: DatasetFacts,
  report: Problems,
): ResolvedMethod | null {
  const { method } = spec;
  const { model } = spec;
  const known = networkOf({ model, image: dataset.image, classes: dataset.classes.length });
  const { network } = known;
  const blocks = network.blocks.length;
  const stages = method.stages ?? (method.type === 'backprop' ? 1 : DEFAULT_STAGES);
  if (!checkStages(method, stages, blocks, report)) return null;
  checkHeads(method, stages, report);
  checkCorrections(method, stages, report);
  if (typeof method.split !== 'string' && !checkSplit(method.split, stages, blocks, report)) return null;
  const split =
    typeof method.split === 'string' ? splitBy(method.split, method, known, stages) : method.split;
  checkAuxiliary(method, network, split, report);
  const endToEndShare = method.end_to_end_share ?? (stages > 1 ? DEFAULT_END_TO_END_SHARE : 0);
  const { totalSteps, stepsPerEpoch } = stepsOf(spec, dataset);
  const endToEndSteps = endToEndStepsOf(totalSteps, endToEndShare);
  const parallelSteps = totalSteps - method.warm_start_epochs * stepsPerEpoch - endToEndSteps;
  checkWarmStart(method, stages, parallelSteps, report);
  checkMessageRounds(method, stages, report);
  const stores = storesVariables({ type: method.type, stages });
  const roundSteps =
    method.round_steps ?? (stores ? stepsPerEpoch : defaultRoundSteps(totalSteps, parallelSteps));
  const stored = resolveStored(method, stages, report);
  if (stores) {
    checkUnchangedImages(spec, report);
    checkStoredRounds(roundSteps, stepsPerEpoch, report);
    const inputs = describeStages(network, split, method.auxiliary.cost_share).slice(1);
    const samples = trainSamples(spec.max_train_samples, dataset);
    checkStoredBytes(
      stored.coupling,
      inputs.map(({ input }) => input),
      samples,
      report,
    );
  }
  checkReplicas(method, endToEndSteps, report);
  const fitting = endToEndSteps > 0 ? defaultReplicas({ type: method.type, stages }) : 1;
  const replicas = method.end_to_end_replicas ?? fitting;
  checkRounds(totalSteps, roundSteps, Math.max(stages, replicas), report);
  return {
    ...method,
    stages,
    split,
    penalty: resolvePenalty(spec, stages, endToEndShare, report),
    stored,
    message_rounds: method.type === 'rounds' ? (method.message_rounds ?? exactMessageRounds(stages)) : null,
    end_to_end_share: endToEndShare,
    end_to_end_replicas: replicas,
    round_steps: roundSteps,
  };
}

export function splitBy(
  goal: 'auto' | 'memory',
  method: JobSpec['method'],
  { split }: KnownNetwork,
  stages: number,
): number[] {
  const { hasAuxiliaries, hasHeads } = describeMethod(method);
  const found = split({
    stages,
    auxiliary: hasAuxiliaries ? method.auxiliary : null,
    heads: hasHeads ? method.heads : null,
    balance: goal === 'memory' ? 'memory' : 'cost',
  });
  return [...found];
}

export function resolvePenalty(
  spec: JobSpec & Pick<ResolvedSpec, 'optimizer'>,
  stages: number,
  endToEndShare: number,
  report: Problems,
): ResolvedMethod['penalty'] {
  const { type, penalty } = spec.method;
  const rate = spec.optimizer.learning_rate;
  if (!describeMethod(spec.method).hasCoupling) {
    if (penalty !== 'auto') report('/method/penalty', `${type} has no coupling to weigh; leave it at 'auto'`);
    return 'auto';
  }
  if (penalty === 'adaptive' && type !== 'augmented-lagrangian') {
    report(
      '/method/penalty',
      `'adaptive' needs the multipliers of augmented-lagrangian; give ${type} a number`,
    );
  }
  if (stages > 1 && typeof penalty === 'number' && rate * penalty >= 1) {
    const most = (STABLE_PRODUCT / rate).toPrecision(3);
    report('/method/penalty', `learning_rate x penalty must be below 1; at rate ${rate} use ${most} or less`);
  }
  if (penalty !== 'auto') return penalty;
  if (type === 'augmented-lagrangian' && endToEndShare === 0) return 'adaptive';
  const wanted = DEFAULT_PENALTY[type === 'penalty' ? 'penalty' : 'augmented-lagrangian'];
  return Math.min(wanted, STABLE_PRODUCT / rate);
}

/** What decides a split, beside the network. */
export interface SplitSearch extends Required<Pick<SplitOptions, 'balance' | 'heads'>> {
  readonly stages: number;
  readonly auxiliary: JobSpec['method']['auxiliary'] | null;
}

export interface KnownNetwork {
  readonly network: NetworkDescription;
  readonly split: (search: SplitSearch) => readonly number[];
}

export const networkOf = remember(
  NETWORKS_KEPT,
  (facts: { model: ResolvedSpec['model']; image: Shape; classes: number }): KnownNetwork => {
    const network = describeNetwork(facts.model, facts.image, facts.classes);
    const split = ({ stages, auxiliary, balance, heads }: SplitSearch): readonly number[] =>
      auxiliary === null
        ? balancedSplit(network, stages, 0, { balance, heads })
        : balancedSplit(network, stages, auxiliary.cost_share, { size: auxiliary, balance, heads });
    return { network, split: remember(SPLITS_KEPT, split) };
  },
);
