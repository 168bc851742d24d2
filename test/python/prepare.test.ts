import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { prepare } from '../../client/src/prepare.js';
import { decodeCentre, openImage } from '../../src/images/decode.js';
import type { ModelInput } from '../../src/images/preparation.js';
import { exec } from '../../src/provision/exec.js';
import { ROOT } from '../../src/service/root.js';
import { INPUTS, PICTURES } from '../support/pictures.js';
import { pythonPackages } from '../support/python-packages.js';

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strata-prepare-'));
  for (const [name, picture] of Object.entries(PICTURES)) {
    await writeFile(join(folder, name), await picture().toBuffer());
  }
});
after(() => rm(folder, { recursive: true }));

/** The pixels that the service's evaluation and predictor see. */
async function expected(name: string, input: ModelInput): Promise<Uint8Array> {
  const file = await openImage(await readFile(join(folder, name)));
  return decodeCentre(file, input, input.crop_share);
}

function largestDifference(a: Uint8Array, b: Uint8Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((max, value, place) => Math.max(max, Math.abs(value - (b[place] ?? 0))), 0);
}

test('the TypeScript function makes the pixels of the service', async () => {
  for (const input of INPUTS) {
    for (const name of Object.keys(PICTURES)) {
      const made = await prepare(sharp, await readFile(join(folder, name)), input);
      assert.deepEqual(Buffer.from(made), Buffer.from(await expected(name, input)), name);
    }
  }
});

test('docs/exports.md prepares a picture in Python within one grey level of the service', async () => {
  const page = await readFile(join(ROOT, 'docs/exports.md'), 'utf8');
  const [, block] = /```python\n(from strata_train\.prepare[\s\S]+?)```/.exec(page) ?? [];
  assert.ok(block, 'the page has the block');
  assert.ok(page.includes("import { prepare } from '@strata/client/prepare';"), 'and the one in TypeScript');
  const code = `
import base64, json, sys
block, names, inputs = json.loads(sys.argv[1])
for model_input in inputs:
    for name in names:
        scope = {"config": {"input": model_input}}
        exec(block.replace("photo.jpg", name), scope)
        assert scope["pixels"].shape == (model_input["height"], model_input["width"], model_input["channels"])
        print(base64.b64encode(scope["pixels"].tobytes()).decode())
`;
  const names = Object.keys(PICTURES);
  const packages = await pythonPackages('strata-train', REQUIREMENTS);
  const PYTHONPATH = `${packages}:${join(ROOT, 'python/src')}`;
  const env = { ...process.env, PYTHONPATH, PYTHONDONTWRITEBYTECODE: '1' };
  const given = JSON.stringify([block, names, INPUTS]);
  const lines = (await exec('python3', ['-c', code, given], { cwd: folder, env })).trim().split('\n');
  assert.equal(lines.length, names.length * INPUTS.length);
  for (const [index, input] of INPUTS.entries()) {
    for (const [place, name] of names.entries()) {
      const made = Buffer.from(lines[index * names.length + place] ?? '', 'base64');
      // Builds of libvips may round a pixel differently.
      assert.ok(largestDifference(made, await expected(name, input)) <= 1, `${name} at ${input.height}`);
    }
  }
});
