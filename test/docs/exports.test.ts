import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { installedTorch } from '../../bench/step/torch.js';
import { exec } from '../../src/provision/exec.js';
import { foldNorms } from '../../src/trainer/export/index.js';
import { safetensorsFiles } from '../../src/trainer/export/safetensors-files.js';
import { smallModel } from '../trainer/support/model-source.js';

const SCRIPT = /```python\n([\s\S]+?)```/.exec(readFileSync('docs/exports.md', 'utf8'))![1]!;
const FAMILIES = ['resnet', 'wide-resnet', 'imagenet-resnet'] as const;
const torch = await installedTorch();

// PyTorch is a download of 540 MB. Only the benchmarks need it.
const skip = torch ? false : 'PyTorch is not in the cache; `npm run bench -- step` puts it there';

test('the script of docs/exports.md computes what the trained network computes', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-pytorch-'));
  try {
    await exec('python3', [
      '-m',
      'pip',
      'install',
      '-q',
      '--target',
      join(folder, 'pip'),
      'safetensors==0.8.0',
    ]);
    const paths = `${torch!.PYTHONPATH}:${join(folder, 'pip')}`;
    for (const [family, fold] of FAMILIES.flatMap((name) => [
      [name, false] as const,
      [name, true] as const,
    ])) {
      const { model, pixels, shape, probabilities } = smallModel(family);
      const { weights, config } = safetensorsFiles(fold ? foldNorms(model) : model);
      writeFileSync(join(folder, 'model.safetensors'), weights);
      writeFileSync(join(folder, 'config.json'), config);
      const ask = `\npixels = torch.tensor(${JSON.stringify([...pixels])}).reshape(${JSON.stringify(shape)})\nprint(json.dumps(predict(pixels).flatten().tolist()))`;
      writeFileSync(join(folder, 'ask.py'), SCRIPT.replace('"full"', JSON.stringify(folder)) + ask);
      const answer = await exec('python3', [join(folder, 'ask.py')], {
        env: { ...process.env, ...torch!, PYTHONPATH: paths },
      });
      JSON.parse(answer).forEach((value: number, index: number) => {
        assert.ok(
          Math.abs(value - probabilities[index]!) < 1e-5,
          `${family}, folded ${fold}: ${value} at ${index}`,
        );
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
