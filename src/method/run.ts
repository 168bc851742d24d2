import type { DatasetFacts, ResolvedMethod, ResolvedSpec } from '../contract/spec.js';
import type { NetworkDescription } from '../network/description.js';
import { freezeBlocks } from '../network/frozen.js';
import { type LocalHead, localHead } from '../network/heads.js';
import { inputShape } from '../network/input-shape.js';
import { describeNetwork } from '../network/resnet.js';
import { describeStages, type StageDescription } from '../network/stages.js';
import { hasAuxiliary, hasHead } from './methods.js';
import { reachedStage } from './reach.js';
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
  const stages = describeStages(network, split, auxiliary.cost_share, auxiliary);
  return stages.map((stage) => ({
    ...stage,
    auxiliary: hasAuxiliary(method, stage.index) ? stage.auxiliary : null,
    head: hasHead(method, stage.index) ? headOf(network, method, stages, stage.index) : null,
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
