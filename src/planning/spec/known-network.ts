import { memoize } from '../../contract/memoize.js';
import type { JobSpec, ResolvedSpec } from '../../contract/spec.js';
import type { NetworkDescription } from '../../network/description.js';
import { freezeBlocks } from '../../network/frozen.js';
import type { Shape } from '../../network/layers.js';
import { describeNetwork } from '../../network/resnet.js';
import { balancedSplit, type SplitOptions } from '../costs/split.js';

/** Networks kept, and splits kept for each: the jobs of a sweep share both. A deep network takes a megabyte. */
const NETWORKS_KEPT = 10;
const SPLITS_KEPT = 50;

/** Inputs of the split search, besides the network. */
export interface SplitSearch extends Required<Pick<SplitOptions, 'balance' | 'heads'>> {
  readonly stages: number;
  /** null where the method has no AuxNets. */
  readonly auxiliary: JobSpec['method']['auxiliary'] | null;
}

export interface KnownNetwork {
  readonly network: NetworkDescription;
  /** @returns residual blocks of each stage, such that the slowest (or largest) stage is as small as possible */
  readonly split: (search: SplitSearch) => readonly number[];
}

interface NetworkFacts extends Pick<ResolvedSpec, 'model' | 'freeze'> {
  readonly image: Shape;
  readonly classes: number;
}

/** The description of a network and the search of its splits, kept because both take milliseconds to seconds. */
export const networkOf = memoize(
  ({ model, image, classes, freeze }: NetworkFacts): KnownNetwork => {
    const whole = describeNetwork(model, image, classes);
    const network = freeze ? freezeBlocks(whole, freeze) : whole;
    const split = ({ stages, auxiliary, balance, heads }: SplitSearch): readonly number[] =>
      auxiliary === null
        ? balancedSplit(network, stages, 0, { balance, heads })
        : balancedSplit(network, stages, auxiliary.cost_share, { size: auxiliary, balance, heads });
    return { network, split: memoize(split, { max: SPLITS_KEPT }) };
  },
  { max: NETWORKS_KEPT },
);
