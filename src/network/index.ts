export { type AuxiliarySize, minAuxiliaryDepth, reachingAuxiliary } from './auxiliary.js';
export { ACTIVATION_WORK, activations, multiplyAdds, parameterCount, sizeOf, work } from './cost.js';
export * from './description.js';
export { headLayers, isOfClasses, type LocalHead, localHead } from './heads.js';
export { inputShape } from './input-shape.js';
export * from './layers.js';
export { type ParameterSpec, parametersOf } from './parameters.js';
export * from './resnet.js';
export { describeStages, type StageDescription } from './stages.js';
