import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CIFAR_CASES, IMAGENET_CASES, libraryEnvironment } from '../../bench/port/cases.js';
import { provePort } from '../../bench/port/proof.js';
import { withFolder } from '../trainer/support/run-plan.js';

const env = await libraryEnvironment();
/** PyTorch is a download of 540 MB. Only the benchmarks need it. */
const skip = env ? false : 'PyTorch is not in the cache; `npm run bench -- step` puts it there';

test('weights of torchvision, pytorch-cifar-models and WideResNet-pytorch give their answers and gradients, and go back bitwise', {
  skip,
}, async () => {
  const [resnet18] = IMAGENET_CASES;
  assert.ok(env && resnet18);
  const cases = [{ ...resnet18, sides: [64, 65] }, ...CIFAR_CASES];
  const rows = await withFolder(({ folder, blobs }) => provePort(`${folder}/port`, cases, { env, blobs }));
  assert.equal(rows.length, 3);
  for (const { name, answers, gradient, gradientByTorch, exports } of rows) {
    // Sums of float32 in another order, among probabilities of 0.1 and less.
    for (const [side, value] of Object.entries(answers))
      assert.ok(value < 1e-5, `${name}, ${side}: ${value}`);
    // float32 through all layers and back, against float64. port.py keeps values off the kinks of ReLU, where one value that
    // float32 rounds to the other side changes a gradient by 1e-4: PyTorch has 1.4e-6 at most, and we 1.7e-6.
    assert.ok(gradient < 5e-6 && gradientByTorch < 5e-6, `${name}: ${gradient}, ${gradientByTorch}`);
    for (const [library, { equal, difference }] of Object.entries(exports)) {
      assert.ok(equal, `${name} in ${library}`);
      assert.ok(difference < 1e-6, `${name} in ${library}: ${difference}`);
    }
  }
  assert.deepEqual(
    rows.map(({ exports }) => Object.keys(exports)),
    [['timm', 'torchvision', 'transformers'], ['cifar-resnet'], ['wide-resnet-pytorch']],
  );
});
