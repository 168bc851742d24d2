import type { DatasetFacts, ResolvedMethod, ResolvedSpec } from '../../contract/spec.js';
import {
  describeNetwork,
  describeStages,
  hasAuxiliary,
  hasHead,
  headLayers,
  inputShape,
  type Layer,
  type LocalHead,
  localHead,
  type NetworkDescription,
  type ParameterSpec,
  parametersOf,
  type Rounds,
  roundsOf,
  type StageDescription,
} from '../../network/index.js';

/** Everything about a job that follows from its spec and its dataset's facts. */
export interface RunDescription {
  readonly network: NetworkDescription;
  readonly stages: readonly StageDescription[];
  readonly rounds: Rounds;
}

export function describeRun(spec: ResolvedSpec, dataset: DatasetFacts): RunDescription {
  const network = describeNetwork(spec.model, inputShape(spec, dataset), dataset.classes.length);
  const { split, auxiliary } = spec.method;
  const stages = describeStages(network, split, auxiliary.cost_share, auxiliary).map((stage) => ({
    ...stage,
    auxiliary: hasAuxiliary(spec.method, stage.index) ? stage.auxiliary : null,
    head: hasHead(spec.method, stage.index) ? headOf(network, spec.method, stage.index) : null,
  }));
  return { network, stages, rounds: roundsOf(spec, dataset) };
}

function headOf(network: NetworkDescription, { split, heads }: ResolvedMethod, stage: number): LocalHead {
  const boundary = split.slice(0, stage + 1).reduce((sum, blocks) => sum + blocks, 0);
  return localHead(network, stage, boundary, heads.decoder);
}

/** What a stage task trains: the stage's parameters, its AuxNet's and its head's. */
export function stageParameters(stage: StageDescription): ParameterSpec[] {
  return [...parametersOf(stage.layers), ...auxiliaryParameters(stage), ...parametersOf(headLayers(stage))];
}

export function auxiliaryParameters(stage: StageDescription): ParameterSpec[] {
  return stage.auxiliary ? parametersOf(stage.auxiliary) : [];
}

/** F_{K-1} o A_{K-1}: the compact network. Null where there is one stage. */
export function compactLayers(stages: readonly StageDescription[]): Layer[] | null {
  const last = stages.at(-1)!;
  return last.auxiliary && [...last.auxiliary, ...last.layers];
}
