export { type Answers, predictedClasses } from './answers.js';
export { type CascadeFigures, type CascadeSeconds, cascadeOf } from './cascade.js';
export { comparePaired, mcnemar, type PairedCounts } from './compare.js';
export { type Figures, figuresOf } from './figures.js';
export { wilson } from './intervals.js';
export { figuresByValue, type SliceFigures, sliceFigures } from './slices.js';
