import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { createFolderStore } from '../../src/storage/folder-store.js';
import {
  decodeCorrection,
  encodeCorrection,
  SpoolReader,
  SpoolWriter,
} from '../../src/trainer/corrections/index.js';
import { TrainerError } from '../../src/trainer/errors.js';
import { normal, randomStream } from '../../src/trainer/random.js';
import { arena, liveTensors, read, upload } from '../../src/trainer/runtime/index.js';

const folder = mkdtempSync(join(tmpdir(), 'strata-spool-'));
after(() => rmSync(folder, { recursive: true }));

function roundTrip(values: Float32Array, precision: 'float16' | 'float32'): Float32Array {
  return arena(() => {
    const encoded = encodeCorrection(upload(values, [values.length]), precision);
    return read(decodeCorrection(encoded, precision, [values.length]));
  });
}

const magnitudes = fc.integer({ min: -126, max: 60 }).map((exponent) => 2 ** exponent);
const vectors = fc
  .tuple(magnitudes, fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 65 }))
  .map(([scale, values]) => Float32Array.from(values, (value) => value * scale));

test('float16: the error is within the bound its docstring states, at any magnitude', () => {
  fc.assert(
    fc.property(vectors, (values) => {
      const decoded = roundTrip(values, 'float16');
      const largest = Math.max(...values.map(Math.abs));
      values.forEach((value, index) => {
        const bound = Math.max(2 ** -11 * Math.abs(value), 2 ** -38 * largest, 2 ** -126);
        assert.ok(Math.abs(value - decoded[index]!) <= bound, `${value} became ${decoded[index]}`);
      });
    }),
  );
});

test('float32 travels unchanged', () => {
  fc.assert(fc.property(vectors, (values) => assert.deepEqual(roundTrip(values, 'float32'), values)));
});

test('a gradient as small as a mean loss makes it would be lost without its scale', () => {
  const random = randomStream(1, 'small');
  const values = Float32Array.from({ length: 64 }, () => 1e-9 * normal(random));
  const unscaled = values.map((value) => (Math.abs(value) < 2 ** -25 ? 0 : value));
  assert.ok(unscaled.every((value) => value === 0));
  assert.ok(roundTrip(values, 'float16').some((value) => value !== 0));
});

test('a spool file gives back each step, in any order, and leaves no tensor behind', async () => {
  const store = createFolderStore(folder);
  const shape = [2, 3, 3, 1];
  const gradientOf = (step: number) => Float32Array.from({ length: 18 }, (_, index) => step + index / 32);
  const before = liveTensors();
  const writer = new SpoolWriter(await store.createSpool('job/stage-1-0-a1/corrections'), {
    precision: 'float16',
    shape,
    steps: { start: 10, end: 13 },
  });
  for (const step of [10, 11, 12]) arena(() => writer.write(upload(gradientOf(step), shape)));
  const { uri } = await writer.commit();
  const path = await store.localPath(uri);
  const reader = new SpoolReader(path);
  for (const step of [12, 10, 11]) {
    arena(() => {
      const gradient = reader.read(step);
      assert.deepEqual(gradient.shape, shape);
      assert.deepEqual(read(gradient), gradientOf(step));
    });
  }
  assert.throws(() => reader.read(13), RangeError);
  truncateSync(path, 60);
  assert.throws(
    () => reader.read(12),
    (error) => error instanceof TrainerError && error.code === 'blob_corrupt',
  );
  reader.close();
  assert.equal(liveTensors(), before);
});
