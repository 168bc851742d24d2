import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeNetwork,
  keptValues,
  type Layer,
  leastKept,
  segmentCost,
  segmentsOf,
  wholeNetwork,
  work,
} from '../../src/network/index.js';

const IMAGE = { height: 32, width: 32, channels: 3 };
const layersOf = (depth: number, family: 'resnet' | 'wide-resnet' = 'resnet') =>
  wholeNetwork(describeNetwork({ family, depth, width: family === 'resnet' ? 16 : 2 }, IMAGE, 10));

/** A block that keeps `kept` values, `output` of them as its output. */
function block(name: string, kept: number, output: number): Layer {
  const shape = (channels: number) => ({ height: 1, width: 1, channels });
  const inner = { op: 'norm', name: `${name}/norm`, output: shape(kept - output), relu: true } as const;
  return { op: 'residual', name, branch: [inner], shortcut: [], output: shape(output), relu: true };
}

test('segments are all layers in their order, and every one but the last is computed again', () => {
  for (const layers of [layersOf(56), layersOf(16, 'wide-resnet')]) {
    for (const most of [null, leastKept(layers) * 1.5, keptValues(layers)]) {
      const segments = segmentsOf(layers, most);
      assert.deepEqual(
        segments.flatMap((segment) => segment.layers),
        layers,
      );
      assert.deepEqual(
        segments.map(({ recomputed }) => recomputed),
        segments.map((_, index) => index < segments.length - 1),
      );
    }
  }
});

test('a budget is kept, a larger one computes less again, and one for everything computes nothing again', () => {
  const layers = layersOf(110);
  const [least, all] = [leastKept(layers), keptValues(layers)];
  let before = Number.POSITIVE_INFINITY;
  for (const share of [0, 0.1, 0.3, 0.6, 0.9, 1]) {
    const most = least + share * (all - least);
    const { kept, workAgain } = segmentCost(layers, most);
    assert.ok(kept <= most, `${kept} of ${most}`);
    assert.ok(workAgain <= before && workAgain < work(layers));
    before = workAgain;
  }
  assert.equal(before, 0);
  assert.equal(segmentCost(layers, least - 1).kept, least, 'less than can be is the least that can be');
});

test('no other cut of a small network has a lower peak, or computes less again within a budget', () => {
  const sizes = [4, 9, 2, 7, 5, 3, 8, 6];
  const layers = sizes.map((size, index) => block(`b${index}`, size + (index % 3) + 1, 1 + (index % 3)));
  const all = everyCut(layers.length).map((ends) => costOfCut(layers, ends));
  assert.equal(leastKept(layers), Math.min(...all.map(({ kept }) => kept)));
  for (let most = leastKept(layers); most <= keptValues(layers); most += 2) {
    const again = Math.min(...all.filter(({ kept }) => kept <= most).map(({ workAgain }) => workAgain));
    assert.equal(segmentCost(layers, most).workAgain, again, `budget ${most}`);
  }
});

test('cuts keep at most what binomial checkpoints with one more pass keep, which need more passes to keep less', () => {
  // Blocks of four equal tensors. Griewank and Walther, doi:10.1145/347837.347846: c checkpoints and r repeated passes reverse
  // (c + r)! / (c! r!) blocks.
  const reversed = (c: number, r: number): number =>
    c === 0 || r === 0 ? 1 : reversed(c - 1, r) + reversed(c, r - 1);
  for (const blocks of [4, 9, 18, 54]) {
    const layers = Array.from({ length: blocks }, (_, index) => block(`b${index}`, 4, 1));
    const { kept, workAgain } = segmentCost(layers, null);
    assert.ok(workAgain < work(layers), 'each block is forwarded at most once more');
    const binomial = (repeats: number) => {
      let checkpoints = 0;
      while (reversed(checkpoints, repeats) < blocks) checkpoints++;
      return checkpoints + 4;
    };
    assert.ok(kept <= binomial(1), `${blocks} blocks: ${kept} of ${binomial(1)}`);
    // sqrt(4 n) segments of sqrt(n / 4) blocks.
    assert.ok(kept <= 4 * Math.sqrt(blocks) + 4, `${blocks} blocks: ${kept}`);
    const enough = [1, 2, 3, 4, 5].find((repeats) => binomial(repeats) <= kept);
    assert.ok(enough !== undefined && (blocks < 54 || enough > 1), `${blocks} blocks: ${enough} repeats`);
  }
});

/** Ends of the segments but the last, for every cut of n blocks. */
function everyCut(n: number): number[][] {
  return Array.from({ length: 2 ** (n - 1) }, (_, bits) =>
    Array.from({ length: n - 1 }, (_, index) => index + 1).filter((end) => bits & (1 << (end - 1))),
  );
}

function costOfCut(layers: readonly Layer[], ends: readonly number[]) {
  let [before, kept, workAgain] = [0, 0, 0];
  [0, ...ends].forEach((start, index) => {
    const own = layers.slice(start, ends[index]);
    kept = Math.max(kept, before + keptValues(own));
    const last = own.at(-1);
    if (index === ends.length || last?.op !== 'residual') return;
    before += last.output.channels;
    workAgain += work(own);
  });
  return { kept, workAgain };
}

test('an implicit solver keeps its states, and the evaluations of one field at a time', () => {
  const image = { height: 16, width: 16, channels: 3 };
  const layersOf = (steps: number) =>
    wholeNetwork(
      describeNetwork(
        { family: 'ode-resnet', depth: 12, width: 8, solver: 'implicit-midpoint', steps },
        image,
        10,
      ),
    );
  const fields = layersOf(1).filter((layer) => layer.op === 'integral');
  const values = fields.map(({ output }) => output.height * output.width * output.channels);
  const grown = keptValues(layersOf(9)) - keptValues(layersOf(8));
  // With many steps all states outweigh those of the first field with its evaluations.
  assert.equal(
    grown,
    values.reduce((sum, each) => sum + each),
  );
  const before = layersOf(1).slice(0, layersOf(1).indexOf(fields[0]!));
  assert.ok(keptValues(layersOf(1)) >= 2 * values[0]! + keptValues(fields[0]!.field));
  assert.ok(
    keptValues(layersOf(1)) <=
      keptValues(before) + 2 * values[0]! + keptValues(fields[0]!.field) + values[0]!,
  );
});
