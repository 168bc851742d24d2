import type { JobSpec } from '../../contract/spec.js';
import type { Problems } from './problems.js';

/** The default in openapi.yaml. A job that sends exactly this value counts as having sent none. */
const DEFAULT_SWITCH = 0.5;

/** Settings of mixed batches need batches that are mixed. */
export function checkMixing(
  { mixup, cutmix, mix_switch: share, mix_off_epochs: off }: JobSpec['augmentation'],
  epochs: number,
  report: Problems,
): void {
  if (share !== DEFAULT_SWITCH && !(mixup > 0 && cutmix > 0)) {
    report(
      '/augmentation/mix_switch',
      `chooses between mixup and cutmix; use ${DEFAULT_SWITCH}, or both above 0`,
    );
  }
  const pointer = '/augmentation/mix_off_epochs';
  if (off > 0 && !(mixup > 0 || cutmix > 0))
    report(pointer, 'no image is mixed; use 0, or a mixup or cutmix above 0');
  else if (off > 0 && off >= epochs)
    report(pointer, `must be below the run's ${epochs} epochs, or no image is mixed`);
}
