/** Documents about a trained model, for people and other tools. */
export { codeVersion } from './code-version.js';
export { drawCurves } from './curves.js';
export { encodeEventFile } from './event-file.js';
export { decodeHistory } from './history.js';
export { type CardFacts, modelCard } from './model-card.js';
export { fullRuntime, instructionSet } from './runtime.js';
