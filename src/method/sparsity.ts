import type { ResolvedMethod } from '../contract/spec.js';
import { channelCounts, withChannels } from '../network/channels.js';
import type { Layer } from '../network/layers.js';
import type { StageDescription } from '../network/stages.js';

/** Hidden channels of AuxNets and local heads that are removed and replaced (docs/method.md, "Sparse AuxNets and heads"). */
export interface Sparsity {
  /** Share of the channels that is left in the end: (0, 1]. */
  readonly keep: number;
  /** Rounds 1 to this one of the layer-parallel phase begin with other channels than the round before. */
  readonly untilRound: number;
  /** Share of the channels that each of these rounds replaces. */
  readonly regrow: number;
}

/** Null for a method whose channels stay. */
export function sparsityOf({ sparsity }: Partial<Pick<ResolvedMethod, 'sparsity'>>): Sparsity | null {
  // Jobs of earlier versions have no such field.
  const { keep = null, until_round: untilRound = null, regrow } = sparsity ?? {};
  return keep === null || untilRound === null ? null : { keep, untilRound, regrow: regrow ?? 0 };
}

/**
 * Share of the channels in a round: keep + (1 - keep) (1 - r/R)^3, and `keep` from round R = `untilRound` on (Zhu and Gupta,
 * arXiv:1710.01878, equation 1).
 */
export function keptIn({ keep, untilRound }: Sparsity, round: number): number {
  const left = round >= untilRound ? 0 : 1 - round / untilRound;
  return keep + (1 - keep) * left * left * left;
}

/** Channels of a hidden convolution of which this share is left; at least 1. */
function channelsLeft(kept: number, all: number): number {
  return Math.max(1, Math.round(kept * all));
}

/** Number of channels, of so many in a round, that are new ones and replace others; at least one is not. */
export function regrownIn({ regrow, untilRound }: Sparsity, round: number, channels: number): number {
  if (round < 1 || round > untilRound) return 0;
  return Math.min(Math.round(regrow * channels), channels - 1);
}

/** The stages as they are in a round of the layer-parallel phase, from their description with all channels. */
export function stagesInRound(
  stages: readonly StageDescription[],
  method: Partial<Pick<ResolvedMethod, 'sparsity'>>,
  round: number,
): readonly StageDescription[] {
  const sparsity = sparsityOf(method);
  if (sparsity === null) return stages;
  return stages.map((stage) => withShare(stage, keptIn(sparsity, round)));
}

/** The stages after the last removal of channels, and the first round with them; null where none is removed. */
export function stagesLeft(
  stages: readonly StageDescription[],
  method: Partial<Pick<ResolvedMethod, 'sparsity'>>,
): { readonly fromRound: number; readonly stages: readonly StageDescription[] } | null {
  const sparsity = sparsityOf(method);
  if (sparsity === null || sparsity.keep === 1) return null;
  return { fromRound: sparsity.untilRound, stages: stagesInRound(stages, method, sparsity.untilRound) };
}

/** The stage with this share of the hidden channels of its AuxNet and its head. */
export function withShare(stage: StageDescription, kept: number): StageDescription {
  return withChains(stage, (layers) => {
    const counts = [...channelCounts(layers)].map(([name, all]) => [name, channelsLeft(kept, all)] as const);
    return withChannels(layers, new Map(counts));
  });
}

/** The stage with each of its chains that have hidden channels changed. Decoders have none. */
export function withChains(
  stage: StageDescription,
  change: (layers: readonly Layer[]) => readonly Layer[],
): StageDescription {
  const { auxiliary, head } = stage;
  return {
    ...stage,
    auxiliary: auxiliary && change(auxiliary),
    head: head && { ...head, classifier: change(head.classifier) },
  };
}

/** The same settings for a run whose channels have all been removed in its first `rounds` rounds. */
export function withEndedSparsity(
  { sparsity }: Pick<ResolvedMethod, 'sparsity'>,
  rounds: number,
): Partial<Pick<ResolvedMethod, 'sparsity'>> {
  // Jobs of earlier versions have no such field.
  if (!sparsity) return {};
  const { until_round: until } = sparsity;
  return {
    sparsity: { ...sparsity, until_round: until === null ? null : Math.min(until, Math.max(0, rounds - 1)) },
  };
}

/** Rounds with equal numbers of channels: the share of the channels, and the share of all rounds. */
export interface KeptShare {
  readonly kept: number;
  readonly ofRounds: number;
}

/** The most different numbers of channels that plans tell apart. */
const MOST_SHARES = 16;

/** The rounds of a phase by their channels, in order; empty where none is removed. */
export function keptShares(method: Partial<Pick<ResolvedMethod, 'sparsity'>>, rounds: number): KeptShare[] {
  const sparsity = sparsityOf(method);
  if (sparsity === null || sparsity.keep === 1 || rounds === 0) return [];
  const changing = Math.min(rounds, sparsity.untilRound);
  const count = Math.min(changing, MOST_SHARES);
  const shares = Array.from({ length: count }, (_, part) => ({
    // The round in the middle of a part.
    kept: keptIn(sparsity, Math.floor(((part + 0.5) * changing) / count)),
    ofRounds: changing / count / rounds,
  }));
  return rounds > changing
    ? [...shares, { kept: sparsity.keep, ofRounds: (rounds - changing) / rounds }]
    : shares;
}
