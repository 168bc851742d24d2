import type { DatasetFacts, JobSpec, ResolvedMethod } from '../../../contract/spec.js';
import {
  coarserModel,
  coarsestFactor,
  countLevels,
  levelShares,
  levelStarts,
} from '../../../method/levels.js';
import { describeMethod, isPipelined } from '../../../method/methods.js';
import { methodsWith } from '../../../method/rules.js';
import { halfDepth } from '../../../network/refine.js';
import { type KnownNetwork, networkOf } from '../known-network.js';
import type { Problems } from '../problems.js';
import type { MethodFacts, MethodSpec } from './facts.js';

const POINTER = '/method/levels/count';

/**
 * Whether the network can have half its blocks at each level, and the job can change it while it trains.
 * @returns false where there is no network to begin with
 */
export function checkLevels(spec: MethodSpec, report: Problems): boolean {
  const { method, model, init_from: start, freeze, optimizer } = spec;
  const count = countLevels(method);
  if (count === 1) return true;
  const { outer, sparsity, type } = method;
  if (describeMethod({ type }).keepsNetwork) {
    const refining = methodsWith(({ keepsNetwork }) => !keepsNetwork).join(', ');
    report(
      POINTER,
      `a job of ${type} trains one network in all its rounds; use 1, or method.type ${refining}`,
    );
  }
  if (start !== null)
    report(POINTER, 'begins with a shallow network of random weights; use 1, or leave init_from out');
  if (sparsity.keep !== null)
    report(POINTER, 'AuxNets go on unchanged from level to level; use 1, or leave method.sparsity out');
  if (freeze) report(POINTER, 'refines blocks that train, and freeze keeps some; use 1, or leave freeze out');
  if (outer.rate !== null && isPipelined({ type, stages: method.stages ?? 2 }))
    report(POINTER, 'a step between rounds would mix networks of two depths; use 1, or outer.rate null');
  if ((optimizer.rates?.decay_per_block ?? 1) !== 1)
    report(
      POINTER,
      'blocks of each level have other places; use 1, or leave optimizer.rates.decay_per_block out',
    );
  return checkDepth(model, count, report);
}

function checkDepth({ family, depth }: MethodSpec['model'], count: number, report: Problems): boolean {
  let at: number | null = depth;
  for (let level = 1; level < count; level++) {
    at = halfDepth({ family, depth: at });
    if (at === null) {
      const most = level > 1 ? `use at most ${level}, or` : 'use 1, or';
      const example = EXAMPLES[count - 2];
      report(
        POINTER,
        `depth ${depth} of ${family} cannot have half its blocks ${count - 1} times; ${most} ${example} as model.depth`,
      );
      return false;
    }
  }
  return true;
}

/** Depths whose blocks can be halved once, twice and three times. */
const EXAMPLES = [
  '14 or 26 of resnet, 16 or 28 of wide-resnet',
  '26 or 50 of resnet, 28 of wide-resnet',
  '50 or 98 of resnet, 52 of wide-resnet',
];

/** The network whose blocks stages take: that of the first level, where a block stands for `factor` of the whole network's. */
export function dividedNetwork(
  { method, model }: MethodSpec,
  { image, classes }: DatasetFacts,
  whole: KnownNetwork,
): { readonly divided: KnownNetwork; readonly factor: number } {
  const factor = coarsestFactor(method);
  if (factor === 1) return { divided: whole, factor };
  const first = coarserModel(model, Math.log2(factor));
  return { divided: networkOf({ model: first, image, classes: classes.length, freeze: null }), factor };
}

/** A block of the first level becomes several blocks of one stage. */
export function fitsLevels(method: JobSpec['method'], split: readonly number[], report: Problems): boolean {
  const factor = coarsestFactor(method);
  if (split.every((blocks) => blocks % factor === 0)) return true;
  report(
    '/method/split',
    `a block of the first of ${countLevels(method)} levels becomes ${factor} blocks of one stage; use multiples of ${factor}, or 'auto'`,
  );
  return false;
}

/** @returns the share of each level but the last; null with one level */
export function resolveLevels(
  { levels, warm_start_epochs: warm }: JobSpec['method'],
  { stepsPerEpoch }: Pick<MethodFacts, 'stepsPerEpoch'>,
  parallelSteps: number,
  report: Problems,
): ResolvedMethod['levels'] {
  const { count, shares } = levels;
  if (count === 1) {
    if (shares !== null)
      report('/method/levels/shares', 'has no effect with one level; use null, or a greater levels.count');
    return { count, shares: null };
  }
  if (shares !== null && shares.length !== count - 1) {
    report(
      '/method/levels/shares',
      `has ${shares.length} entries for ${count} levels; give ${count - 1}, one for each level but the last`,
    );
    return { count, shares: null };
  }
  const resolved = { count, shares: levelShares(levels) };
  const start = warm * stepsPerEpoch;
  const starts = [start, ...levelStarts({ levels: resolved }, start, parallelSteps), start + parallelSteps];
  const empty = starts.findIndex((step, index) => index > 0 && step <= starts[index - 1]!);
  if (empty !== -1) {
    report(
      shares === null ? POINTER : '/method/levels/shares',
      `level ${empty} of ${count} would have no step of the ${parallelSteps} layer-parallel ones; use ` +
        `${shares === null ? 'fewer levels' : 'shares of a sum below 1'}, more epochs or a smaller end_to_end_share`,
    );
  }
  return resolved;
}
