import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import {
  describeNetwork,
  describeStages,
  hasAuxiliary,
  type Layer,
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
  const network = describeNetwork(spec.model, dataset.image, dataset.classes.length);
  const { split, auxiliary } = spec.method;
  const stages = describeStages(network, split, auxiliary.cost_share, auxiliary).map((stage) =>
    hasAuxiliary(spec.method, stage.index) ? stage : { ...stage, auxiliary: null },
  );
  return { network, stages, rounds: roundsOf(spec, dataset) };
}

/** What a stage task trains: the stage's parameters and its AuxNet's. */
export function stageParameters(stage: StageDescription): ParameterSpec[] {
  return [...parametersOf(stage.layers), ...auxiliaryParameters(stage)];
}

export function auxiliaryParameters(stage: StageDescription): ParameterSpec[] {
  return stage.auxiliary ? parametersOf(stage.auxiliary) : [];
}

/** F_{K-1} o A_{K-1}: the compact network. Null where there is one stage. */
export function compactLayers(stages: readonly StageDescription[]): Layer[] | null {
  const last = stages.at(-1)!;
  return last.auxiliary && [...last.auxiliary, ...last.layers];
}
