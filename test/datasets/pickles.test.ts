import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPickle } from '../../src/datasets/pickle/read.js';
import { ImportError } from '../../src/datasets/problems.js';
import { rawImages } from './support/arrays.js';
import { type Imported, imagesOf, importArchive, labelsOf } from './support/import.js';
import { makePickles, type PickleForm } from './support/pickles.js';
import { makeTar } from './support/tar.js';

const [TRAIN, TEST] = [6, 4];
const planes = { train: rawImages(TRAIN, 3072), test: rawImages(TEST, 3072, 100) };
const labels = (count: number) => Array.from({ length: count }, (_, index) => index % 2);

async function archiveOf(form: PickleForm): Promise<Buffer> {
  const [train, test] = makePickles(form, [
    { planes: planes.train, labels: labels(TRAIN) },
    { planes: planes.test, labels: labels(TEST) },
  ]);
  const named = { data_batch_1: train!, test_batch: test! };
  return makeTar(
    Object.entries(named).map(([name, bytes]) => ({ name: `cifar-10-batches-py/${name}`, bytes })),
  );
}

async function held(imported: Imported): Promise<string[]> {
  const pixels = await imagesOf(imported, 'train');
  const stored = await labelsOf(imported, 'train');
  return stored.map((label, at) => `${label} ${pixels.toString('hex', at * 3072, (at + 1) * 3072)}`).sort();
}

const FORMS: readonly PickleForm[] = [
  ...([0, 1, 2, 3, 4, 5] as const).map((protocol) => {
    return { protocol, numpy: 2, fortran: false, labels: 'list' } as const;
  }),
  { protocol: 5, numpy: 1, fortran: true, labels: 'scalars' },
  { protocol: 2, numpy: 2, fortran: true, labels: 'array' },
  { protocol: 0, numpy: 1, fortran: true, labels: 'scalars' },
];

test('pickles of every protocol are read, in both orders of memory and with labels of every kind', async (t) => {
  const [first, ...others] = await Promise.all(
    FORMS.map(async (form) => held(await importArchive(t, await archiveOf(form)))),
  );
  assert.equal(first!.length, TRAIN);
  others.forEach((other, index) => {
    assert.deepEqual(other, first, JSON.stringify(FORMS[index + 1]));
  });
});

test('strings of Python 2 are read with their escapes', () => {
  const text = "(dp0\nS'data'\np1\nS'a\\x00\\n\\'\\\\\\101'\np2\nsS'n'\nL12L\nsVt\\u00e9\nI01\ns.";
  const value = readPickle(Buffer.from(text, 'latin1'), 'x') as Map<string, unknown>;
  assert.deepEqual(
    [...value],
    [
      ['data', "a\0\n'\\A"],
      ['n', 12],
      ['té', true],
    ],
  );
});

/** The `fault` that reading these instructions ends with. */
function refusal(program: string): ImportError {
  try {
    readPickle(Buffer.from(program, 'latin1'), 'bomb');
  } catch (error) {
    assert.ok(error instanceof ImportError, String(error));
    return error;
  }
  throw new Error('the pickle was read');
}

/** A list that holds one twice that holds one twice, and so on: 2^depth values of a few bytes each. */
const doubled = (depth: number) =>
  `]q\x00K\x01a${Array.from({ length: depth }, (_, at) => `]q${String.fromCharCode(at + 1)}(h${String.fromCharCode(at)}h${String.fromCharCode(at)}e`).join('')}`;

test('values that refer to each other many times are never expanded', () => {
  const nested = doubled(40);
  assert.equal(refusal(`\x80\x02cnumpy\ndtype\n${nested}\x85R.`).code, 'array_invalid');
  const shape = `cnumpy.core.multiarray\n_reconstruct\n)R(K\x01${nested}cnumpy\ndtype\nU\x02u1\x85R\x89U\x00tb.`;
  assert.equal(refusal(`\x80\x02${shape}`).code, 'array_invalid');
  assert.equal(refusal(`\x80\x02${nested}U\x01x\x93.`).code, 'array_invalid');
  assert.equal(refusal(`\x80\x02c_codecs\nencode\nX\x01\0\0\0a${nested}\x86R.`).code, 'array_invalid');
});

test('labels and names that are such values are refused at once with a short message', async (t) => {
  for (const name of ['data_batch_1', 'batches.meta']) {
    const program = `\x80\x02}(U\x06labels${doubled(40)}U\x0blabel_names${doubled(40).replaceAll(/q./gs, '$&')}u.`;
    const archive = await makeTar([
      { name: `cifar-10-batches-py/${name}`, bytes: Buffer.from(program, 'latin1') },
      { name: 'cifar-10-batches-py/test_batch', bytes: Buffer.from('\x80\x02}.', 'latin1') },
    ]);
    await assert.rejects(importArchive(t, archive), (error: ImportError) => {
      return error.code === 'array_invalid' && error.message.length < 200;
    });
  }
});

test('a string that is used many times is stored once, and copies count against the limit', () => {
  const long = 'x'.repeat(60_000);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(long.length);
  const text = `X${size.toString('latin1')}${long}q\x00`;
  const copy = `c_codecs\nencode\nh\x00X\x06\0\0\0latin1\x86Ra`;
  const bomb = refusal(`\x80\x02]${text}0]${copy.repeat(2_000)}.`.replace('0]', 'a'));
  assert.match(bomb.message, /makes more than \d+ bytes of its own/);
});

test('messages quote little of what a pickle names', () => {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(1_000_000);
  const name = `X${size.toString('latin1')}${'x'.repeat(1_000_000)}`;
  const { code, message } = refusal(`\x80\x04${name}X\x01\0\0\0a\x93.`);
  assert.equal(code, 'pickle_unsafe');
  assert.ok(message.length < 400);
});
