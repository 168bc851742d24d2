import type { Shape } from '../../network/index.js';
import type { RandomStream } from '../random.js';
import type { Rectangle } from './rectangle.js';

/** Range of the area, as a share of the image, and of the ratio of height to width (Zhong et al., arXiv:1708.04896). */
const AREA = [0.02, 0.33] as const;
const RATIO = [0.3, 3.3] as const;
const TRIES = 10;

/** The rectangle to blank, as torchvision.transforms.RandomErasing draws it; null with probability 1 - `probability`. */
export function drawErasing(
  probability: number,
  { height, width }: Pick<Shape, 'height' | 'width'>,
  random: RandomStream,
): Rectangle | null {
  if (random() >= probability) return null;
  const within = ([low, high]: readonly [number, number]) => low + (high - low) * random();
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const area = within(AREA) * height * width;
    const ratio = Math.exp(within([Math.log(RATIO[0]), Math.log(RATIO[1])]));
    const size = { height: Math.round(Math.sqrt(area * ratio)), width: Math.round(Math.sqrt(area / ratio)) };
    if (size.height < 1 || size.width < 1 || size.height >= height || size.width >= width) continue;
    const top = Math.floor(random() * (height - size.height + 1));
    return { top, left: Math.floor(random() * (width - size.width + 1)), ...size };
  }
  return null;
}
