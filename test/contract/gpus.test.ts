import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parseGpuCards, parseGpuUse, visibleGpus } from '../../src/contract/gpus.js';

/** Outputs of nvidia-smi in the forms of the drivers 450, 470 and newer. */
function recorded(name: string): string {
  return readFileSync(new URL(`./nvidia-smi/${name}`, import.meta.url), 'utf8');
}

const four = parseGpuCards(recorded('four-cards.txt'), recorded('four-cards.csv'));
const mig = parseGpuCards(recorded('mig.txt'), recorded('mig.csv'));
const oldMig = parseGpuCards(recorded('mig-driver-450.txt'), '');
/** By the last digits of their UUIDs. */
const seen = (cards: typeof four, visible?: string) =>
  visibleGpus(cards, visible).map(({ uuid }) => uuid.slice(-2));

test('cards are read with names that hold parentheses, and bfloat16 from compute capability 8 on', () => {
  assert.deepEqual(
    four.map(({ name, bfloat16, mig }) => [name, bfloat16, mig]),
    [
      ['Tesla V100-SXM2-16GB', false, null],
      ['NVIDIA A100-SXM4-40GB', true, null],
      ['NVIDIA A100-SXM4-40GB', true, null],
      ['NVIDIA GeForce RTX 4090 (Laptop)', true, null],
    ],
  );
  const unasked = parseGpuCards(recorded('four-cards.txt'), '');
  assert.deepEqual([unasked.length, unasked.some(({ bfloat16 }) => bfloat16)], [4, false]);
  assert.deepEqual(parseGpuCards('No devices were found\n', ''), []);
  assert.deepEqual(parseGpuCards('', ''), []);
});

test('a card in MIG mode offers its MIG devices, and nothing where it has none', () => {
  assert.deepEqual(seen(mig), ['10', '72', '2e', 'a0']);
  assert.deepEqual(
    visibleGpus(mig, undefined).map(({ name, bfloat16 }) => `${name} ${bfloat16}`),
    [
      'NVIDIA A100-SXM4-80GB MIG 1g.10gb true',
      'NVIDIA A100-SXM4-80GB MIG 1g.10gb true',
      'NVIDIA A100-SXM4-80GB MIG 1c.3g.40gb true',
      'NVIDIA A100-SXM4-80GB MIG 1g.10gb true',
    ],
  );
  assert.deepEqual(
    visibleGpus(oldMig, undefined).map(({ uuid }) => uuid.slice(-4)),
    ['77/1', '77/2'].map((end) => `${end}/0`.slice(-4)),
  );
});

describe('CUDA_VISIBLE_DEVICES', () => {
  const cases: [visible: string | undefined, expected: string[]][] = [
    [undefined, ['01', '02', '03', '04']],
    ['', []],
    ['-1', []],
    ['NoDevFiles', []],
    ['2,3', ['03', '04']],
    ['3,0', ['04', '01']],
    [' 1 , 2 ', ['02', '03']],
    // The first entry that names none ends the list.
    ['0,-1,2', ['01']],
    ['1,7,2', ['02']],
    ['0,x,2', ['01']],
    // An entry that comes twice voids the list.
    ['1,1', []],
    ['GPU-a8c1d0f3-6c0e-4f0b-8d2e-3b6f1e5a7c03', ['03']],
    ['GPU-a8c1', ['03']],
    ['gpu-A8C1', ['03']],
    // Two cards begin with it.
    ['GPU-5f2c', []],
    ['GPU-c4e7,GPU-5f2c9', ['04', '01']],
    ['GPU-ffff', []],
    ['2,GPU-a8c1', []],
    ['MIG-a686709d-6dc2-542a-8851-0d2508448c10', []],
  ];
  for (const [visible, expected] of cases) {
    test(`${visible === undefined ? 'absent' : `'${visible}'`} shows ${expected.length}`, () => {
      assert.deepEqual(seen(four, visible), expected);
    });
  }

  test('MIG devices are selected by their own UUID, or all of a card by the UUID of the card', () => {
    assert.deepEqual(seen(mig, 'MIG-b8479d6e-d08f-5a92-9a24-0946db72b2a0'), ['a0']);
    assert.deepEqual(seen(mig, 'MIG-b84,MIG-a68'), ['a0', '10']);
    assert.deepEqual(seen(mig, '1'), ['2e', 'a0']);
    assert.deepEqual(seen(mig, 'GPU-9c73eb7b'), ['10', '72']);
    assert.deepEqual(seen(mig, '2'), []);
    const old = 'MIG-GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77/2/0';
    assert.deepEqual(
      visibleGpus(oldMig, old).map(({ uuid }) => uuid),
      [old],
    );
  });
});

test('the use of a card is a share and bytes; null where the driver has no figure', () => {
  const printed = 'GPU-aaa, 37, 1024\nGPU-bbb, [N/A], [N/A]\nGPU-ccc, 0, 0\n';
  assert.deepEqual(
    [...parseGpuUse(printed)],
    [
      ['GPU-aaa', { gpu_use: 0.37, gpu_memory_bytes: 1_073_741_824 }],
      ['GPU-bbb', { gpu_use: null, gpu_memory_bytes: null }],
      ['GPU-ccc', { gpu_use: 0, gpu_memory_bytes: 0 }],
    ],
  );
  assert.equal(parseGpuUse('').size, 0);
});
