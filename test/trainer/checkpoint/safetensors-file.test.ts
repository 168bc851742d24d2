import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeSafetensorsFile } from '../../../src/contract/safetensors.js';
import {
  type Checkpoint,
  decodeCheckpoint,
  decodeState,
  encodeCheckpoint,
  encodeState,
  openCheckpoint,
  openState,
  stateTensors,
  writeCheckpoint,
  writeSafetensors,
} from '../../../src/trainer/checkpoint/index.js';
import { inMemory, type OptimizerState, type ReadableState } from '../../../src/trainer/optimizer/index.js';

/** Small arrays, and some that are written one by one. */
const PARAMETERS = [3, 2 ** 21, 5, 2 ** 20, 2 ** 21 + 7, 1].map((length, index) => ({
  ...{ name: `block${index}/conv/kernel`, shape: [length] },
  initializer: { kind: 'constant', value: 0 } as const,
}));

const LAYERS = PARAMETERS.map(({ name, shape: [length = 0] }) => ({ name, length }));

function arrays(scale: number): Map<string, Float32Array> {
  return new Map(
    LAYERS.map(({ name, length }) => [name, Float32Array.from({ length }, (_, at) => scale * at)]),
  );
}

const STATE: OptimizerState = {
  weights: arrays(0.5),
  slots: new Map([
    ['momentum', arrays(-3)],
    ['steps', new Map(LAYERS.map(({ name }, index) => [name, Float32Array.of(index)]))],
  ]),
};

/** The same state, whose arrays are copied when they are read. */
function elsewhere(onRead: (copy: Float32Array) => void = () => {}): ReadableState {
  const readable = (named: ReadonlyMap<string, Float32Array>) =>
    new Map(
      [...named].map(([name, values]) => {
        const read = () => {
          const copy = values.slice();
          onRead(copy);
          return copy;
        };
        return [name, { length: values.length, read }];
      }),
    );
  return {
    weights: readable(STATE.weights),
    slots: new Map([...STATE.slots].map(([slot, named]) => [slot, readable(named)])),
  };
}

async function inFolder(body: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'strata-test-'));
  try {
    await body(join(folder, 'state'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('a state that is written array by array is bitwise the one that is encoded at once, and reads back the same', () =>
  inFolder(async (path) => {
    const expected = encodeState(PARAMETERS, STATE);
    for (const state of [STATE, elsewhere()]) {
      const hash = await writeSafetensors(path, stateTensors(PARAMETERS, state));
      assert.ok(Buffer.from(expected).equals(readFileSync(path)));
      assert.equal(hash, sha256(expected));
    }
    assert.deepEqual(inMemory(await openState(path)), decodeState(expected));
    assert.deepEqual(inMemory(await openState(path)), STATE);
  }));

test('a checkpoint that is written array by array is bitwise the one that is encoded at once, and reads back the same', () =>
  inFolder(async (path) => {
    const checkpoint: Checkpoint = {
      ...{ state: elsewhere(), step: 7, spool: { uri: 'spool:job/a', size_bytes: 3 }, rows: {} },
      inFlight: new Map([['input-0-6', { shape: [1, 2], values: Float32Array.of(1, 2) }]]),
    };
    const expected = encodeCheckpoint(PARAMETERS, checkpoint, 'task-a1');
    assert.equal(await writeCheckpoint(path, PARAMETERS, checkpoint, 'task-a1'), sha256(expected));
    const read = await openCheckpoint(path);
    assert.deepEqual({ ...read, state: inMemory(read.state) }, decodeCheckpoint(expected));
    assert.deepEqual({ ...read, state: inMemory(read.state) }, { ...checkpoint, state: STATE });
  }));

test('memory holds few of the arrays of a state while it is written', () =>
  inFolder(async (path) => {
    const copies: WeakRef<Float32Array>[] = [];
    let most = 0;
    const state = elsewhere((made) => {
      const held = copies.reduce((sum, copy) => sum + (copy.deref()?.length ?? 0), 0);
      most = Math.max(most, held + made.length);
      copies.push(new WeakRef(made));
    });
    await writeSafetensors(path, stateTensors(PARAMETERS, state));
    const all = [...STATE.weights.values()].reduce((sum, { length }) => sum + length, 0);
    assert.ok(most < all, `${most} of ${2 * all} values at a time`);
  }));

test('a file that is no complete state, or holds other numbers, is corrupt', () =>
  inFolder(async (path) => {
    const corrupt = { code: 'blob_corrupt' };
    await writeSafetensors(path, stateTensors(PARAMETERS, STATE));
    const opened = await openState(path);
    truncateSync(path, 2 ** 20);
    await assert.rejects(openState(path), corrupt);
    assert.throws(() => inMemory(opened), corrupt);
    writeFileSync(path, 'nothing of this kind');
    await assert.rejects(openState(path), corrupt);
    const half = { dtype: 'F16', shape: [1], bytes: new Uint8Array(2) } as const;
    writeFileSync(path, encodeSafetensorsFile(new Map([['weights/a', half]]), null));
    await assert.rejects(openState(path), corrupt);
  }));
