import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { installedTorch } from '../../bench/step/torch.js';
import { exec } from '../../src/provision/exec.js';
import { foldNorms } from '../../src/trainer/export/index.js';
import { safetensorsFiles } from '../../src/trainer/export/safetensors-files.js';
import { layersModelFiles } from '../../src/trainer/export/tfjs-export.js';
import { smallModel } from '../trainer/support/model-source.js';

const PAGE = readFileSync('docs/exports.md', 'utf8');
/** The first Python of a section. */
const scriptOf = (section: string): string => {
  const [, , text = ''] = PAGE.split(new RegExp(`(^## ${section}$)`, 'm'));
  const [, script] = /```python\n([\s\S]+?)```/.exec(text) ?? [];
  assert.ok(script, section);
  return script;
};
const [KERAS, SCRIPT] = [scriptOf('Keras 3'), scriptOf('PyTorch')];
const FAMILIES = ['resnet', 'wide-resnet', 'imagenet-resnet', 'ode-resnet'] as const;
const torch = await installedTorch();

// PyTorch is a download of 540 MB. Only the benchmarks need it.
const skip = torch ? false : 'PyTorch is not in the cache; `npm run bench -- step` puts it there';

/** Installs packages beside PyTorch. @returns the environment of Python */
async function withPackages(folder: string, ...packages: string[]): Promise<NodeJS.ProcessEnv> {
  const target = join(folder, 'pip');
  await exec('python3', ['-m', 'pip', 'install', '-q', '--target', target, ...packages]);
  return { ...process.env, ...torch, PYTHONPATH: `${torch!.PYTHONPATH}:${target}` };
}

function assertClose(answer: string, expected: readonly number[], about: string): void {
  const values: number[] = JSON.parse(answer.trim().split('\n').at(-1)!);
  assert.equal(values.length, expected.length);
  values.forEach((value, index) => {
    assert.ok(Math.abs(value - expected[index]!) < 1e-5, `${about}: ${value} at ${index}`);
  });
}

test('the script of docs/exports.md computes what the trained network computes', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-pytorch-'));
  try {
    const env = await withPackages(folder, 'safetensors==0.8.0');
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
      const answer = await exec('python3', [join(folder, 'ask.py')], { env });
      assertClose(answer, probabilities, `${family}, folded ${fold}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the script of docs/exports.md makes a Keras model that computes the same, and saves it', {
  skip,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-keras-'));
  try {
    const env = await withPackages(folder, 'keras==3.15.0');
    const asks: string[] = [];
    const expected: number[] = [];
    for (const [family, padding] of FAMILIES.flatMap((name) => [
      [name, 'same'] as const,
      [name, 'symmetric'] as const,
    ])) {
      const { model, pixels, shape, probabilities } = smallModel(family, padding);
      const name = `${family}-${padding}`;
      mkdirSync(join(folder, name));
      const files = await layersModelFiles(padding === 'same' ? model : foldNorms(model));
      const { modelTopology, weightSpecs, weightData } = files;
      const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      writeFileSync(join(folder, name, 'model.json'), JSON.stringify({ modelTopology, weightsManifest }));
      assert.ok(weightData instanceof ArrayBuffer);
      writeFileSync(join(folder, name, 'weights.bin'), new Uint8Array(weightData));
      const images = `np.array(${JSON.stringify([...pixels])}, np.float32).reshape(${JSON.stringify(shape)})`;
      asks.push(`answers += predict(load("${name}"), ${images})`);
      expected.push(...probabilities);
    }
    symlinkSync(join(folder, 'resnet-same'), join(folder, 'full'));
    const predict =
      'def predict(model, x):\n  return keras.ops.convert_to_numpy(model(x)).flatten().tolist()\nanswers = []\n';
    const saved = 'assert keras.models.load_model("model.keras").count_params() == model.count_params()\n';
    const script = `${KERAS}\n${saved}${predict}${asks.join('\n')}\nprint(json.dumps(answers))\n`;
    writeFileSync(join(folder, 'ask.py'), script);
    const answer = await exec('python3', ['ask.py'], { env, cwd: folder });
    assertClose(answer, expected, 'keras');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
