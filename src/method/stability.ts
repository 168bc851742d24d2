/**
 * learning_rate x beta that training still bears (docs/method.md, "The choice of beta"): from 1 on the stages diverge. A
 * penalty that a job leaves to us, and the adaptive penalty of every step, stay at or below it.
 */
export const MAX_RATE_TIMES_BETA = 0.8;
