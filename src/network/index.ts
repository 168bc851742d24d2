export { type AuxiliarySize, minAuxiliaryDepth, reachingAuxiliary } from './auxiliary.js';
export * from './channels.js';
export {
  ACTIVATION_WORK,
  activations,
  keptValues,
  largestOutput,
  multiplyAdds,
  parameterCount,
  sizeOf,
  work,
} from './cost.js';
export * from './description.js';
export * from './factors.js';
export * from './frozen.js';
export { headLayers, isOfClasses, type LocalHead, localHead } from './heads.js';
export { inputShape } from './input-shape.js';
export * from './layers.js';
export { type Padding, type PaddingRule, paddingBefore, paddingOf, symmetricPadding } from './padding.js';
export { isTrainedParameter, type ParameterSpec, parametersOf, trainedParameters } from './parameters.js';
export { doubleDepth, halfDepth, type Origin, originsIn } from './refine.js';
export * from './resnet.js';
export * from './segments.js';
export * from './solvers.js';
export { describeStages, type StageDescription } from './stages.js';
