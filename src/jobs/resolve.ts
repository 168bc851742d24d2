import { type FieldError, StrataError } from '../contract/errors.js';
import type { DatasetFacts, JobSpec, ResolvedMethod, ResolvedSpec } from '../contract/spec.js';
import type { NetworkDescription } from '../network/description.js';
import { inputShape } from '../network/input-shape.js';
import type { Shape } from '../network/layers.js';
import { defaultReplicas, describeMethod, storesVariables } from '../network/methods.js';
import { describeNetwork } from '../network/resnet.js';
import { defaultRoundSteps, endToEndStepsOf, stepsOf, trainSamples } from '../network/rounds.js';
import { balancedSplit, type SplitOptions } from '../network/split.js';
import { describeStages } from '../network/stages.js';
import { checkAuxiliary } from './auxiliary-rules.js';
import { type DeviceCount, NO_DEVICES, resolvePrecision } from './precision.js';
import { remember } from './remember.js';
import { checkCrop, checkImageSize, resolveAugmentation } from './resolve-images.js';
import { checkSchedule, resolveOptimizer } from './resolve-optimizer.js';
import {
  checkCorrections,
  checkCutout,
  checkHeads,
  checkMessageRounds,
  checkModel,
  checkReplicas,
  checkRounds,
  checkSamples,
  checkSplit,
  checkStages,
  checkWarmStart,
  exactMessageRounds,
  type Problems,
} from './spec-rules.js';
import { checkStoredBytes, checkStoredRounds, checkUnchangedImages, resolveStored } from './stored-rules.js';

const DEFAULT_DEPTH = { resnet: 20, 'wide-resnet': 16, 'imagenet-resnet': 18 } as const;
const DEFAULT_WIDTH = { resnet: 16, 'wide-resnet': 4, 'imagenet-resnet': 64 } as const;
const DEFAULT_STAGES = 2;
const DEFAULT_END_TO_END_SHARE = 0.2;
// docs/method.md, "The choice of beta": just strong enough, where an end-to-end phase follows.
const DEFAULT_PENALTY = { 'augmented-lagrangian': 4, penalty: 6 } as const;
/** learning_rate x penalty that training still bears; `auto` stays below it. */
const STABLE_PRODUCT = 0.8;

/**
 * Makes every choice that a job left open and checks the rules that span fields.
 * @param drawnSeed used where the job names none
 * @param registered devices that could train it now
 * @throws StrataError invalid_spec, with a JSON pointer and a remedy for every field at fault; precision_unavailable
 */
export function resolveSpec(
  spec: JobSpec,
  stored: DatasetFacts,
  drawnSeed: number,
  registered: DeviceCount = NO_DEVICES,
): ResolvedSpec {
  const problems: FieldError[] = [];
  const report: Problems = (pointer, message) => void problems.push({ pointer, message });
  checkImageSize(spec.image_size, stored, report);
  const dataset = { ...stored, image: inputShape(spec, stored) };
  const { family } = spec.model;
  const model = {
    ...spec.model,
    depth: spec.model.depth ?? DEFAULT_DEPTH[family],
    width: spec.model.width ?? DEFAULT_WIDTH[family],
  };
  const modelFits = checkModel(model, dataset, report);
  const samplesFit = checkSamples(spec, trainSamples(spec.max_train_samples, dataset), report);
  checkCutout(spec.augmentation.cutout, dataset.image, report);
  checkCrop(spec.augmentation, dataset, report);
  checkSchedule(spec, report);
  const optimizer = resolveOptimizer(spec.optimizer, report);
  const method =
    modelFits && samplesFit ? resolveMethod({ ...spec, model, optimizer }, dataset, report) : null;
  if (method === null || problems.length > 0) {
    throw new StrataError('invalid_spec', undefined, { errors: problems });
  }
  return {
    ...spec,
    model,
    method,
    optimizer,
    seed: spec.seed ?? drawnSeed,
    precision: resolvePrecision(spec.precision, registered),
    augmentation: resolveAugmentation(spec.augmentation, dataset, storesVariables(method)),
  };
}

function resolveMethod(
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

/** What decides a split, beside the network. */
interface SplitSearch extends Required<Pick<SplitOptions, 'balance' | 'heads'>> {
  readonly stages: number;
  readonly auxiliary: JobSpec['method']['auxiliary'] | null;
}

interface KnownNetwork {
  readonly network: NetworkDescription;
  readonly split: (search: SplitSearch) => readonly number[];
}

/** Networks that are kept, and splits of each: a sweep's jobs all have the same. Of a deep one that is a megabyte. */
const NETWORKS_KEPT = 10;
const SPLITS_KEPT = 50;

const networkOf = remember(
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

function splitBy(
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

function resolvePenalty(
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
