/** Draws numbers in [0, 1). */
export type RandomStream = () => number;

/**
 * A random stream that depends only on `seed` and `labels`, so that any process at any time draws the same numbers
 * for the same purpose: `randomStream(seed, 'init', 'block0/conv1/kernel')`. Generator: sfc32 (PractRand), seeded
 * by FNV-1a hashes of the labels.
 */
export function randomStream(seed: number, ...labels: readonly (string | number)[]): RandomStream {
  const text = labels.join('\u0000');
  let a = hash(text, 0x811c9dc5 ^ seed);
  let b = hash(text, 0x9e3779b9 ^ seed);
  let c = hash(text, 0x85ebca6b ^ seed);
  let counter = 1;
  const next = () => {
    const sum = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let index = 0; index < 12; index++) next();
  return next;
}

/** Two 32-bit words for TensorFlow's counter-based generator: also a pure function of seed and labels. */
export function randomKey(seed: number, ...labels: readonly (string | number)[]): Int32Array {
  const random = randomStream(seed, ...labels);
  return Int32Array.of(random() * 2 ** 32, random() * 2 ** 32);
}

/** A draw from the standard normal distribution (Box and Muller 1958). */
export function normal(random: RandomStream): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}

/** A draw from the symmetric beta distribution, 0..1: X / (X + Y) of two gamma distributions. */
export function beta(shape: number, random: RandomStream): number {
  const [x, y] = [gamma(shape, random), gamma(shape, random)];
  // Both can underflow where the shape is close to 0, where the distribution has its mass at 0 and 1.
  return x + y > 0 ? x / (x + y) : Math.round(random());
}

/** A draw from the gamma distribution of scale 1 (Marsaglia and Tsang 2000, with their step for shapes below 1). */
function gamma(shape: number, random: RandomStream): number {
  if (shape < 1) return gamma(shape + 1, random) * (1 - random()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** A permutation of 0..count-1 (Fisher and Yates). */
export function permutation(count: number, random: RandomStream): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let index = count - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    const kept = order[index]!;
    order[index] = order[other]!;
    order[other] = kept;
  }
  return order;
}

function hash(text: string, offset: number): number {
  let value = offset | 0;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  // Avalanche step of MurmurHash3, so that similar labels start different streams.
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
