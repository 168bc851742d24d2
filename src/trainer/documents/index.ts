/** What people and other tools read about a trained model. */
export { codeVersion } from './code-version.js';
export { drawCurves } from './curves.js';
export { encodeEventFile } from './event-file.js';
export { decodeHistory } from './history.js';
export { type CardFacts, modelCard } from './model-card.js';
