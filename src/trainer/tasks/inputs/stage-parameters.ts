import {
  headLayers,
  type Layer,
  type ParameterSpec,
  parametersOf,
  type StageDescription,
} from '../../../network/index.js';

/** The parameters that a stage task trains: those of the stage, its AuxNet and its head. */
export function stageParameters(stage: StageDescription): ParameterSpec[] {
  return [...parametersOf(stage.layers), ...auxiliaryParameters(stage), ...parametersOf(headLayers(stage))];
}

export function auxiliaryParameters(stage: StageDescription): ParameterSpec[] {
  return stage.auxiliary ? parametersOf(stage.auxiliary) : [];
}

/** F_{K-1} o A_{K-1}: the compact network. Null for one stage. */
export function compactLayers(stages: readonly StageDescription[]): Layer[] | null {
  const last = stages.at(-1)!;
  return last.auxiliary && [...last.auxiliary, ...last.layers];
}
