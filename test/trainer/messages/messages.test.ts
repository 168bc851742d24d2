import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { createFolderStore } from '../../../src/storage/folder-store.js';
import {
  CODECS,
  FILTERS,
  type Precision,
  SpoolReader,
  SpoolWriter,
} from '../../../src/trainer/messages/index.js';
import { normal, randomStream } from '../../../src/trainer/random.js';
import { arena, free, liveTensors, read, upload } from '../../../src/trainer/runtime/index.js';

// Oracle of method.corrections.precision float16, float32, int8.
// Oracle of method.corrections.filter none, average-2.

const folder = mkdtempSync(join(tmpdir(), 'strata-spool-'));
after(() => rmSync(folder, { recursive: true }));

const PRECISIONS = Object.keys(CODECS) as Precision[];

/** encode, decode; a record has the size that the codec says. */
function roundTrip(precision: Precision, values: Float32Array, shape = [values.length]): Float32Array {
  return arena(() => {
    const record = Buffer.concat(CODECS[precision].encode(upload(values, shape)));
    assert.equal(record.byteLength, CODECS[precision].recordBytes(shape));
    const decoded = CODECS[precision].decode(record, shape);
    assert.deepEqual(decoded.shape, shape);
    return read(decoded);
  });
}

/** Largest absolute value of each 64 in a row, at each of them. */
function blockLargest(values: Float32Array): number[] {
  return [...values.keys()].map((index) => {
    const start = 64 * Math.floor(index / 64);
    return values.subarray(start, start + 64).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  });
}

/** TensorFlow flushes what is smaller to zero. */
const MIN_NORMAL = 2 ** -126;

/** Bounds of |x - decoded| by value, from the docstring of each codec. */
const BOUNDS: Record<Precision, (values: Float32Array) => number[]> = {
  float32: (values) => [...values].map(() => 0),
  float16: (values) => {
    const largest = Math.max(...values.map(Math.abs));
    return [...values].map((value) => Math.max(2 ** -11 * Math.abs(value), 2 ** -38 * largest, MIN_NORMAL));
  },
  int8: (values) => blockLargest(values).map((largest) => Math.max(largest / 253, MIN_NORMAL)),
};

const magnitudes = fc.integer({ min: -149, max: 127 }).map((exponent) => 2 ** exponent);
const unit = fc.float({ min: -1, max: 1, noNaN: true });
/**
 * Vectors of one magnitude, or of two that differ by any number of orders; of odd and even lengths, one block or
 * several.
 */
const vectors = fc
  .tuple(magnitudes, fc.option(magnitudes), fc.array(unit, { minLength: 1, maxLength: 200 }))
  .map(([scale, other, values]) =>
    Float32Array.from(values, (value, index) => value * (other !== null && index % 3 === 0 ? other : scale)),
  );

for (const precision of PRECISIONS) {
  test(`${precision}: the error is within the bound that is documented, at any magnitude`, () => {
    fc.assert(
      fc.property(vectors, (values) => {
        const decoded = roundTrip(precision, values);
        BOUNDS[precision](values).forEach((bound, index) => {
          const error = Math.abs(values[index]! - decoded[index]!);
          assert.ok(error <= bound, `${values[index]} became ${decoded[index]}, more than ${bound} away`);
        });
      }),
      { numRuns: 300 },
    );
  });

  test(`${precision}: zeros stay zeros, gradients of 1e-6 and single values survive, any shape comes back`, () => {
    assert.deepEqual(roundTrip(precision, new Float32Array(130)), new Float32Array(130));
    assert.ok(roundTrip(precision, Float32Array.of(1e-6))[0]! > 0.9e-6);
    const random = randomStream(1, 'tiny');
    for (const shape of [[1, 1, 1, 1], [3, 5, 7, 2], [2, 8, 8, 4], [65]]) {
      const elements = shape.reduce((product, side) => product * side, 1);
      const values = Float32Array.from({ length: elements }, () => 1e-9 * normal(random));
      assert.ok(roundTrip(precision, values, shape).every(Number.isFinite));
    }
  });

  test(`${precision}: values that are not finite are not finite on arrival, among any others`, () => {
    fc.assert(
      fc.property(vectors, fc.constantFrom(Number.NaN, Infinity, -Infinity), fc.nat(), (values, bad, at) => {
        const index = at % values.length;
        const broken = values.with(index, bad);
        assert.ok(!Number.isFinite(roundTrip(precision, broken)[index]));
      }),
    );
  });

  test(`${precision}: the same gradient makes the same bytes, and no tensor stays`, () => {
    const values = Float32Array.from({ length: 99 }, (_, index) => Math.sin(index));
    const before = liveTensors();
    const encode = () => {
      const tensor = upload(values, [99]);
      const record = Buffer.concat(CODECS[precision].encode(tensor));
      free(tensor);
      return record;
    };
    const record = encode();
    assert.deepEqual(encode(), record);
    free(CODECS[precision].decode(record, [99]));
    assert.equal(liveTensors(), before);
  });
}

test('int8 takes a byte and a sixteenth a value, float16 two bytes, float32 four', () => {
  const shape = [128, 16, 16, 32];
  const bytes = (precision: Precision) => CODECS[precision].recordBytes(shape) / (128 * 16 * 16 * 32);
  assert.deepEqual([bytes('int8'), bytes('float32')], [1.0625, 4]);
  assert.equal(Math.round(1000 * bytes('float16')), 2000);
});

test('a spool that cannot be committed can be discarded', async () => {
  const draft = await createFolderStore(folder).createSpool('job/stage-1-0-a2/corrections');
  const header = { precision: 'float32', filter: 'none', shape: [1], steps: { start: 0, end: 1 } } as const;
  const full = { ...draft, commit: () => Promise.reject(new Error('the disk is full')) };
  const writer = new SpoolWriter(full, header);
  arena(() => writer.write(upload(Float32Array.of(1), [1])));
  await assert.rejects(writer.commit(), /the disk is full/);
  await writer.discard();
  assert.throws(() => readFileSync(draft.path), /ENOENT/);
});

test('a spool file of a replica has the parts of its own steps, and no others', async () => {
  const store = createFolderStore(folder);
  const gradientOf = (pass: number) => Float32Array.of(pass, 2 * pass);
  // The second of three replicas, two parts to a step, in the steps 10 to 17: 11, 14 and 17.
  const writer = new SpoolWriter(await store.createSpool('job/stage-1-0-1-a1/corrections'), {
    ...({ precision: 'float32', filter: 'none', shape: [2], stride: 6, passes: 2 } as const),
    steps: { start: 22, end: 36 },
  });
  const own = [22, 23, 28, 29, 34, 35];
  for (const pass of own) arena(() => writer.write(upload(gradientOf(pass), [2])));
  const { uri } = await writer.commit();
  const reader = new SpoolReader(await store.localPath(uri), uri);
  for (let pass = 0; pass < 48; pass++) {
    if (own.includes(pass)) arena(() => assert.deepEqual(read(reader.read(pass)), gradientOf(pass)));
    else assert.throws(() => reader.read(pass), RangeError);
  }
  reader.close();
});

test('a spool file gives back each step, in any order, no altered byte of it, and leaves no tensor behind', async () => {
  const store = createFolderStore(folder);
  const shape = [2, 3, 3, 1];
  const gradientOf = (step: number) => Float32Array.from({ length: 18 }, (_, index) => step + index / 32);
  const before = liveTensors();
  const writer = new SpoolWriter(await store.createSpool('job/stage-1-0-a1/corrections'), {
    precision: 'float16',
    filter: 'none',
    shape,
    steps: { start: 10, end: 13 },
  });
  for (const step of [10, 11, 12]) arena(() => writer.write(upload(gradientOf(step), shape)));
  const { uri } = await writer.commit();
  const path = await store.localPath(uri);
  const reader = new SpoolReader(path, uri);
  for (const step of [12, 10, 11]) {
    arena(() => {
      const gradient = reader.read(step);
      assert.deepEqual(gradient.shape, shape);
      assert.deepEqual(read(gradient), gradientOf(step));
    });
  }
  assert.throws(() => reader.read(13), RangeError);
  const whole = readFileSync(path);
  for (let at = 0; at < whole.length; at++) {
    const altered = Buffer.from(whole);
    altered[at]! ^= 1;
    writeFileSync(path, altered);
    const readAll = () => {
      const each = new SpoolReader(path, uri);
      try {
        for (const step of [10, 11, 12]) free(each.read(step));
      } finally {
        each.close();
      }
    };
    assert.throws(readAll, { name: 'BlobCorruptError', uri }, `byte ${at} was altered`);
  }
  truncateSync(path, 60);
  assert.throws(() => reader.read(12), { name: 'BlobCorruptError', uri });
  reader.close();
  assert.equal(liveTensors(), before);
});

/** [B,h,w,c] with sides of 1 to 9, odd ones too. */
const gradients = fc
  .tuple(
    fc.integer({ min: 1, max: 2 }),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 9 }),
    fc.nat(2),
  )
  .chain(([batch, height, width, channels]) => {
    const shape = [batch, height, width, channels + 1] as const;
    const elements = batch * height * width * (channels + 1);
    return fc
      .array(unit, { minLength: elements, maxLength: elements })
      .map((values) => ({ shape, values: Float32Array.from(values) }));
  });

test('average-2 sends the mean of each 2x2 window, smaller at odd edges, and gives it back to each position', () => {
  fc.assert(
    fc.property(gradients, ({ shape, values }) => {
      const filter = FILTERS['average-2'];
      const { reduced, spread, again } = arena(() => {
        const made = filter.reduce(upload(values, shape));
        assert.deepEqual(made.shape, filter.reducedShape(shape));
        const back = filter.spread(made, shape);
        return { reduced: read(made), spread: read(back), again: read(filter.reduce(back)) };
      });
      // A mean of equal values is that value: what has passed once passes unchanged, unless its parts are subnormal
      // numbers, which TensorFlow takes for zero.
      assert.ok(again.every((value, index) => Math.abs(value - reduced[index]!) <= 2 ** -126));
      const expected = windowMeans(values, shape);
      // Four additions of values up to 1.
      assert.ok(spread.every((value, index) => Math.abs(value - expected[index]!) <= 1e-6));
    }),
  );
});

/** In float64: the mean over each value's own window. */
function windowMeans(values: Float32Array, [batch, height, width, channels]: readonly number[]): number[] {
  const place = (b: number, y: number, x: number, c: number) =>
    ((b * height! + y) * width! + x) * channels! + c;
  const means = new Array<number>(values.length);
  for (let b = 0; b < batch!; b++)
    for (let y = 0; y < height!; y++)
      for (let x = 0; x < width!; x++)
        for (let c = 0; c < channels!; c++) {
          const rows = [y - (y % 2), y - (y % 2) + 1].filter((row) => row < height!);
          const columns = [x - (x % 2), x - (x % 2) + 1].filter((column) => column < width!);
          const window = rows.flatMap((row) => columns.map((column) => values[place(b, row, column, c)]!));
          means[place(b, y, x, c)] = window.reduce((sum, value) => sum + value, 0) / window.length;
        }
  return means;
}

test('a spool file of filtered int8 corrections is a seventh of float16 and gives the projection back', async () => {
  const store = createFolderStore(folder);
  const shape = [2, 16, 16, 4];
  const random = randomStream(3, 'spool');
  const values = Float32Array.from({ length: 2048 }, () => normal(random));
  const write = async (precision: Precision, filter: 'none' | 'average-2') => {
    const writer = new SpoolWriter(await store.createSpool(`job/${precision}-${filter}`), {
      precision,
      filter,
      shape,
      steps: { start: 0, end: 20 },
    });
    for (let step = 0; step < 20; step++) arena(() => writer.write(upload(values, shape)));
    return await writer.commit();
  };
  const small = await write('int8', 'average-2');
  assert.ok(small.size_bytes * 7 < (await write('float16', 'none')).size_bytes);
  const reader = new SpoolReader(await store.localPath(small.uri), small.uri);
  const decoded = arena(() => ({ values: read(reader.read(7)) })).values;
  reader.close();
  const expected = windowMeans(values, shape);
  const largest = Math.max(...expected.map(Math.abs));
  assert.ok(decoded.every((value, index) => Math.abs(value - expected[index]!) <= largest / 253 + 1e-6));
});
