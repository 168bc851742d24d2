import type { JobSpec } from '../contract/spec.js';

/** Figures of validation images by which networks, phases and trials are compared. */
export type ValidationMetric = JobSpec['selection']['metric'];

/** Whether more is better. */
export const isGain = (metric: ValidationMetric): boolean => metric !== 'validation_loss';

/** False for null and NaN: the network gave no number. */
export const isNumber = (value: number | null): value is number => value !== null && !Number.isNaN(value);
