import type { DatasetFacts, ResolvedMethod, ResolvedSpec } from '../contract/spec.js';
import type { NetworkDescription } from '../network/description.js';
import { freezeBlocks } from '../network/frozen.js';
import { type LocalHead, localHead } from '../network/heads.js';
import { inputShape } from '../network/input-shape.js';
import { describeNetwork } from '../network/resnet.js';
import { describeStages, type StageDescription } from '../network/stages.js';
import { hasAuxiliary, hasHead } from './methods.js';
import { type Rounds, roundsOf } from './rounds.js';

/** Everything about a job that follows from its spec and the facts about its dataset. */
export interface RunDescription {
  readonly network: NetworkDescription;
  readonly stages: readonly StageDescription[];
  readonly rounds: Rounds;
}

/** @param freeze null describes the steps from `freeze.until_epoch` on, in which every block trains */
export function describeRun(
  spec: ResolvedSpec,
  dataset: DatasetFacts,
  freeze: ResolvedSpec['freeze'] = spec.freeze,
): RunDescription {
  const whole = describeNetwork(spec.model, inputShape(spec, dataset), dataset.classes.length);
  const network = freeze ? freezeBlocks(whole, freeze) : whole;
  return { network, stages: stagesOfMethod(network, spec.method), rounds: roundsOf(spec, dataset) };
}

/** The stages, with the AuxNets and heads of the method. */
export function stagesOfMethod(network: NetworkDescription, method: ResolvedMethod): StageDescription[] {
  const { split, auxiliary } = method;
  return describeStages(network, split, auxiliary.cost_share, auxiliary).map((stage) => ({
    ...stage,
    auxiliary: hasAuxiliary(method, stage.index) ? stage.auxiliary : null,
    head: hasHead(method, stage.index) ? headOf(network, method, stage.index) : null,
  }));
}

function headOf(network: NetworkDescription, { split, heads }: ResolvedMethod, stage: number): LocalHead {
  const boundary = split.slice(0, stage + 1).reduce((sum, blocks) => sum + blocks, 0);
  return localHead(network, stage, boundary, heads.decoder);
}
