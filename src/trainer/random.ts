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
