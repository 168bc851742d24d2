import type { ResolvedAugmentation } from '../../../contract/spec.js';
import { permutation, type RandomStream } from '../../random.js';
import { brightness, contrast, hue, saturation } from './colors.js';
import type { Operation } from './operation.js';

/**
 * Changes of color in an order drawn for each image: factors within 1 - amount and 1 + amount, and a turn of the hue within
 * -amount and amount, as torchvision.transforms.v2.ColorJitter draws them. What has the amount 0 is not drawn.
 */
export function drawJitter(
  amounts: NonNullable<ResolvedAugmentation['color_jitter']>,
  random: RandomStream,
): Operation[] {
  const order = permutation(4, random);
  const within = (amount: number) => amount * (2 * random() - 1);
  const factor = (amount: number) => 1 + within(amount);
  const drawn = [
    amounts.brightness > 0 ? brightness(factor(amounts.brightness)) : null,
    amounts.contrast > 0 ? contrast(factor(amounts.contrast)) : null,
    amounts.saturation > 0 ? saturation(factor(amounts.saturation)) : null,
    amounts.hue > 0 ? hue(within(amounts.hue)) : null,
  ];
  return Array.from(order, (place) => drawn[place] ?? null).filter((operation) => operation !== null);
}
