import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResolvedAugmentation } from '../../../../src/contract/spec.js';
import { UNCHANGED_IMAGES } from '../../../../src/trainer/data/augment.js';
import { drawOperations } from '../../../../src/trainer/data/operations/index.js';
import { randomStream } from '../../../../src/trainer/random.js';

const SHAPE = { height: 12, width: 10, channels: 3 };
const random = randomStream(1, 'image');
const IMAGE = Uint8Array.from({ length: 360 }, () => 60 + 120 * random());

/** The image as a job shows it at its `showing`-th time. */
function shown(changes: Partial<ResolvedAugmentation>, showing: number): Uint8Array {
  const pixels = IMAGE.slice();
  const stream = (kind: string) => randomStream(5, kind, showing);
  for (const change of drawOperations({ ...UNCHANGED_IMAGES, ...changes }, SHAPE, stream))
    change(pixels, SHAPE);
  return pixels;
}

const views = (changes: Partial<ResolvedAugmentation>, count: number) =>
  Array.from({ length: count }, (_, showing) => Buffer.from(shown(changes, showing)).toString('base64'));

const AS_IT_IS = Buffer.from(IMAGE).toString('base64');

test('trivial-augment draws one of fourteen operations, rand-augment as many as it was told, both again alike', () => {
  const trivial = { policy: { type: 'trivial-augment', count: null, magnitude: null } } as const;
  const drawn = views(trivial, 280);
  assert.deepEqual(drawn, views(trivial, 280));
  // One of fourteen leaves it as it is, and the weakest of the others.
  const same = drawn.filter((view) => view === AS_IT_IS).length;
  assert.ok(same >= 10 && same < 80, `${same} of 280`);
  const rand = { policy: { type: 'rand-augment', count: 3, magnitude: 30 } } as const;
  assert.ok(views(rand, 100).filter((view) => view === AS_IT_IS).length < 10);
  const stream = (kind: string) => randomStream(5, kind);
  const count = drawOperations({ ...UNCHANGED_IMAGES, ...rand }, SHAPE, stream).length;
  assert.ok(count <= 3 && count > 0);
});

test('a rotation turns to both sides, a vertical flip half of the images, and no other draw moves with them', () => {
  // Two of 20 angles may be near enough for the same pixels.
  assert.ok(new Set(views({ rotation: 45 }, 20)).size > 15);
  const flipped = views({ vertical_flip: true }, 100);
  assert.equal(new Set(flipped).size, 2);
  const turned = flipped.filter((view) => view !== AS_IT_IS).length;
  assert.ok(Math.abs(turned - 50) < 25, `${turned} of 100`);
  assert.deepEqual(views({}, 3), [AS_IT_IS, AS_IT_IS, AS_IT_IS]);
});

test('color_jitter keeps the mean of its factors at 1, in every order, and leaves out what has the amount 0', () => {
  const amounts = { brightness: 0.2, contrast: 0, saturation: 0, hue: 0 };
  const mean = (bytes: Uint8Array) => bytes.reduce((sum, value) => sum + value, 0) / bytes.length;
  const factors = Array.from(
    { length: 200 },
    (_, showing) => mean(shown({ color_jitter: amounts }, showing)) / mean(IMAGE),
  );
  const average = factors.reduce((sum, factor) => sum + factor, 0) / factors.length;
  // Standard error of the mean 0.008
  assert.ok(Math.abs(average - 1) < 0.04, String(average));
  assert.ok(Math.min(...factors) > 0.79 && Math.max(...factors) < 1.21);
  const gray = shown({ color_jitter: { ...amounts, brightness: 0, saturation: 1 } }, 0);
  assert.notDeepEqual(gray, IMAGE);
  const all = { brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.1 };
  assert.equal(new Set(views({ color_jitter: all }, 30)).size, 30);
});
