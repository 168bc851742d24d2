import type { Mutant } from '../mutant.js';
import { PLANNING } from './planning.js';
import { SCORES } from './scores.js';
import { STORE } from './store.js';
import { TRAINING } from './training.js';

export const MUTANTS: readonly Mutant[] = [...TRAINING, ...SCORES, ...PLANNING, ...STORE];
