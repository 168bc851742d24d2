import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createFolderStore } from '../../../src/storage/folder-store.js';
import { CODECS, type Precision, SpoolReader, SpoolWriter } from '../../../src/trainer/messages/index.js';
import { arena, free, read, type Tensor, upload } from '../../../src/trainer/runtime/index.js';

// Arrays of JavaScript that messages take, which are outside of V8's heap.

const folder = mkdtempSync(join(tmpdir(), 'strata-arrays-'));
after(() => rmSync(folder, { recursive: true }));

const PRECISIONS = Object.keys(CODECS) as Precision[];
const MEGABYTE = 2 ** 20;
const STEPS = 30;
/** Values of a message whose record has a megabyte, or a little more. */
const valuesIn = (precision: Precision) => MEGABYTE / Math.floor(CODECS[precision].recordBytes([64]) / 64);

async function writerOf(precision: Precision, values: number): Promise<SpoolWriter> {
  const draft = await createFolderStore(folder).createSpool(`job/${precision}-${values}/corrections`);
  return new SpoolWriter(draft, {
    ...{ precision, filter: 'none', shape: [values] },
    steps: { start: 0, end: STEPS },
  });
}

/** Calls it once a step. Returns the most that the arrays had more after a step than after the first one. */
function growth(ofStep: (step: number) => void): number {
  let most = 0;
  let first: number | null = null;
  for (let step = 0; step < STEPS; step++) {
    ofStep(step);
    const { arrayBuffers } = process.memoryUsage();
    first ??= arrayBuffers;
    most = Math.max(most, arrayBuffers - first);
  }
  return most;
}

for (const precision of PRECISIONS) {
  test(`${precision}: messages that are written take 4 MB of arrays, read ones one array in all`, async (t) => {
    const values = valuesIn(precision);
    const tensor = upload(new Float32Array(values).fill(1), [values]);
    const writer = await writerOf(precision, values);
    const written = growth(() => writer.write(tensor));
    free(tensor);
    const { uri } = await writer.commit();
    const reader = new SpoolReader(await createFolderStore(folder).localPath(uri), uri);
    const readOnes = growth((step) => free(reader.read(step)));
    reader.close();
    t.diagnostic(`${precision}: ${written / MEGABYTE} MB written, ${readOnes / MEGABYTE} MB read`);
    // Arrays of a collection that still runs may be there beside the next ones. Without any they are thirty megabytes.
    assert.ok(written < 8 * MEGABYTE, `${written}`);
    assert.ok(readOnes < MEGABYTE / 2, `${readOnes}`);
  });

  test(`${precision}: a message that was read keeps its values while others are read`, async () => {
    const values = 256;
    const writer = await writerOf(precision, values);
    const filledAt = (step: number) => 1 + step;
    for (let step = 0; step < STEPS; step++)
      arena(() => writer.write(upload(new Float32Array(values).fill(filledAt(step)), [values])));
    const { uri } = await writer.commit();
    const path = await createFolderStore(folder).localPath(uri);
    // Memory of every fourth one starts at a multiple of 64 bytes, from where TensorFlow does not copy it.
    const readers = Array.from({ length: 32 }, () => new SpoolReader(path, uri));
    const all: [number, Tensor][] = [];
    for (let step = 0; step < STEPS; step++)
      for (const reader of readers) all.push([filledAt(step), reader.read(step)]);
    for (const reader of readers) reader.close();
    for (const [value, tensor] of all) {
      const off = Math.max(...read(tensor).map((found) => Math.abs(found / value - 1)));
      assert.ok(off < 1e-3, `${value} became ${value * (1 + off)}`);
      free(tensor);
    }
  });
}
