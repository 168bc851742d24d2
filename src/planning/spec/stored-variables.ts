import type { JobSpec } from '../../contract/spec.js';
import { storesVariables } from '../../method/methods.js';
import type { Shape } from '../../network/layers.js';
import type { Problems } from './problems.js';

/** Bytes of stored variables a job may have in all, at most: a round's files take up to three times as many. */
const MOST_STORED_BYTES = 4 * 2 ** 30;
/** The contract's limit on method.round_steps. */
const MOST_ROUND_STEPS = 10_000;
const FLOAT_BYTES = 4;

/** What a job that asks for no coupling of stored variables gets; null where none are stored. */
export function resolveStored(
  { type, stored }: JobSpec['method'],
  stages: number,
  report: Problems,
): JobSpec['method']['stored'] {
  if (storesVariables({ type, stages })) return { coupling: stored.coupling ?? 'penalty' };
  if (stored.coupling !== null) {
    report('/method/stored/coupling', 'is for method.type stored in two stages or more; leave it out');
  }
  return { coupling: null };
}

/** Every sample's variables move once an epoch, so a round hands over whole epochs. */
export function checkStoredRounds(roundSteps: number, stepsPerEpoch: number, report: Problems): void {
  const pointer = '/method/round_steps';
  if (stepsPerEpoch > MOST_ROUND_STEPS) {
    report(
      '/batch_size',
      `makes epochs of ${stepsPerEpoch} steps; stored trains whole epochs a round, of at most ${MOST_ROUND_STEPS} ` +
        'steps: use a greater batch, or a smaller max_train_samples',
    );
  } else if (roundSteps % stepsPerEpoch !== 0) {
    const nearest = stepsPerEpoch * Math.max(1, Math.round(roundSteps / stepsPerEpoch));
    report(
      pointer,
      `stored trains whole epochs of ${stepsPerEpoch} steps a round; use ${nearest}, or null for one`,
    );
  }
}

/** @param inputs of stages 1..K-1, [h,w,c] each */
export function checkStoredBytes(
  coupling: JobSpec['method']['stored']['coupling'],
  inputs: readonly Shape[],
  samples: number,
  report: Problems,
): void {
  const values = inputs.reduce((sum, { height, width, channels }) => sum + height * width * channels, 0);
  const bytes = FLOAT_BYTES * values * samples * (coupling === 'augmented-lagrangian' ? 2 : 1);
  if (bytes <= MOST_STORED_BYTES) return;
  const gibibytes = (amount: number) => (amount / 2 ** 30).toFixed(1);
  const fitting = Math.floor((samples * MOST_STORED_BYTES) / bytes);
  report(
    '/method/type',
    `stored would keep ${gibibytes(bytes)} GiB of variables, of ${gibibytes(MOST_STORED_BYTES)} allowed; use ` +
      `max_train_samples of ${fitting} or less, fewer stages, a smaller model.width, or stored.coupling penalty`,
  );
}
