import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeSafetensorsFile,
  InvalidSafetensorsError,
  readHeaderOf,
  readSafetensorsHeader,
} from '../../src/contract/safetensors.js';

const FILE = encodeSafetensorsFile(
  new Map([
    ['a', { dtype: 'F32', shape: [2, 3], bytes: new Uint8Array(24) }],
    ['b', { dtype: 'U16', shape: [], bytes: new Uint8Array(2) }],
  ]),
  { format: 'pt' },
);

/** A file with this header and so many bytes behind it. */
function fileOf(header: unknown, dataBytes = 8): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

const tensor = (from: number, to: number, changes: object = {}) => ({
  dtype: 'F32',
  shape: [(to - from) / 4],
  data_offsets: [from, to],
  ...changes,
});

test('a file says where its tensors are, at once and in pieces', async () => {
  const header = readSafetensorsHeader(FILE);
  const start = FILE.length - 26;
  assert.deepEqual(
    [...header.tensors],
    [
      ['a', { dtype: 'F32', shape: [2, 3], begin: start, end: start + 24 }],
      ['b', { dtype: 'U16', shape: [], begin: start + 24, end: start + 26 }],
    ],
  );
  assert.deepEqual(header.metadata, { format: 'pt' });
  const inPieces = await readHeaderOf(async (at, length) => FILE.slice(at, at + length), FILE.length);
  assert.deepEqual(inPieces, header);
});

/** A tensor with a field that JSON reads, and that what recurses into it cannot. */
const nested = (field: 'dtype' | 'shape'): string =>
  JSON.stringify({ a: tensor(0, 8, { [field]: 'deep' }) }).replace(
    '"deep"',
    '['.repeat(500_000) + ']'.repeat(500_000),
  );

const HOSTILE: readonly [what: string, file: Uint8Array, message: RegExp][] = [
  ['nothing', new Uint8Array(0), /is cut short/],
  ['a file that was cut', FILE.subarray(0, -1), /is cut short/],
  ['a longer file', new Uint8Array([...FILE, 0]), /has 1 bytes behind its tensors/],
  ['a header that is no JSON', fileOf('{"a":'), /not a JSON object/],
  ['a list as header', fileOf([]), /not a JSON object/],
  ['nested lists', fileOf('['.repeat(100_000)), /not a JSON object/],
  ['overlapping tensors', fileOf({ a: tensor(0, 8), b: tensor(4, 8) }), /share bytes/],
  ['a gap', fileOf({ a: tensor(4, 8) }), /bytes between/],
  ['offsets behind the end', fileOf({ a: tensor(0, 16) }), /cut short/],
  ['negative offsets', fileOf({ a: tensor(-8, 0, { shape: [2] }) }), /without valid offsets/],
  [
    'offsets that are no whole numbers',
    fileOf({ a: tensor(0, 8, { data_offsets: [0, 8.5] }) }),
    /valid offsets/,
  ],
  ['a shape of other bytes', fileOf({ a: tensor(0, 8, { shape: [3] }) }), /do not hold its shape \[3\]/],
  ['a shape beyond all numbers', fileOf({ a: tensor(0, 8, { shape: [2 ** 50, 2 ** 50] }) }), /do not hold/],
  ['an unknown type', fileOf({ a: tensor(0, 8, { dtype: 'F8_E4M3' }) }), /unknown type F8_E4M3/],
  ['a type that objects have', fileOf({ a: tensor(0, 8, { dtype: 'toString' }) }), /unknown type/],
  [
    'a type that is an object',
    fileOf({ a: tensor(0, 8, { dtype: { toString: 1 } }) }),
    /unknown type, not a text/,
  ],
  ['a type of nested lists', fileOf(nested('dtype')), /unknown type, not a text/],
  ['a shape of nested lists', fileOf(nested('shape')), /without a valid shape/],
  ['a tensor that is null', fileOf({ a: null }), /not described/],
];

for (const [what, file, message] of HOSTILE) {
  test(`refused: ${what}`, () => {
    assert.throws(
      () => readSafetensorsHeader(file),
      (error) => error instanceof InvalidSafetensorsError && message.test(error.message),
    );
  });
}

test('a header of a gigabyte, as of ten million tensors, is refused before it is read', async () => {
  const reads: number[] = [];
  const read = async (at: number, length: number) => {
    reads.push(length);
    assert.equal(at, 0);
    const start = new Uint8Array(8);
    new DataView(start.buffer).setBigUint64(0, BigInt(2 ** 30), true);
    return start;
  };
  await assert.rejects(
    readHeaderOf(read, 2 ** 31),
    /has a header of 1073741824 bytes; the limit is 16777216/,
  );
  assert.deepEqual(reads, [8]);
});
