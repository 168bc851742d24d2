export { type Attempt, type Bar, barsOf, type Lane, lanesByDevice, lanesByStage, stageLane } from './bars.js';
export { figuresOf, type IdleCause, type TimelineFigures } from './figures.js';
export { type Forecast, forecast, type Ghost, slotsInUse } from './forecast.js';
