/** Networks in the files of other programs: their names for our layers, and which network a file holds. */
export type { ForeignTensor, Layout, LayoutName } from './layout.js';
export * from './layouts.js';
export { foreignTensors } from './names.js';
export { IMAGENET, type Normalization } from './normalizations.js';
export {
  type RecognizedNetwork,
  recognizeNetwork,
  type TensorShapes,
  UnknownWeightsError,
} from './recognize.js';
