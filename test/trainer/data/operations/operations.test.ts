import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { installedTorch } from '../../../../bench/step/torch.js';
import * as colors from '../../../../src/trainer/data/operations/colors.js';
import type { Operation } from '../../../../src/trainer/data/operations/operation.js';
import * as warps from '../../../../src/trainer/data/operations/warps.js';
import { pythonPackages } from '../../../support/python-packages.js';
import { type Case, casesOf, SMALL } from './cases.js';

const WITH_VALUE: Readonly<Record<string, (value: number) => Operation>> = {
  ...{ brightness: colors.brightness, contrast: colors.contrast, saturation: colors.saturation },
  ...{ hue: colors.hue, sharpness: colors.sharpness, posterize: colors.posterize, solarize: colors.solarize },
  ...{ rotate: warps.rotate, shearX: warps.shearX, shearY: warps.shearY },
  ...{ translateX: warps.translateX, translateY: warps.translateY },
};
const WITHOUT_VALUE: Readonly<Record<string, Operation>> = {
  autoContrast: colors.autoContrast,
  equalize: colors.equalize,
  flipVertically: warps.flipVertically,
};

function operationOf({ operation, value }: Case): Operation {
  return value === null ? WITHOUT_VALUE[operation]! : WITH_VALUE[operation]!(value);
}

/** The largest difference of a value between ours and `expected`. */
function difference(given: Case, expected: string): number {
  const [height, width, channels] = given.shape;
  const pixels = new Uint8Array(Buffer.from(given.pixels, 'base64'));
  operationOf(given)(pixels, { height, width, channels });
  const wanted = Buffer.from(expected, 'base64');
  assert.equal(wanted.length, pixels.length);
  return Math.max(...pixels.map((value, place) => Math.abs(value - wanted[place]!)));
}

// Oracle of augmentation policy, color_jitter, rotation and vertical_flip.
test('every operation is at most one gray level from torchvision, whose answers are in a file', () => {
  const file = new URL('torchvision-0.29.2.json', import.meta.url);
  const answers = JSON.parse(readFileSync(file, 'utf8')) as string[];
  assert.equal(answers.length, SMALL.length);
  for (const [index, given] of SMALL.entries()) {
    const { operation, value, shape } = given;
    assert.ok(difference(given, answers[index]!) <= 1, `${operation} ${value} of ${shape}`);
  }
});

const torch = await installedTorch();
const skip = torch ? false : 'PyTorch is not in the cache; `npm run bench -- step` puts it there';

test('the same on 200 images, beside torchvision itself', { skip }, async () => {
  const libraries = await pythonPackages(
    'libraries',
    fileURLToPath(new URL('../../export/requirements.txt', import.meta.url)),
  );
  const env = { ...process.env, ...torch, PYTHONPATH: [torch!.PYTHONPATH, libraries].join(':') };
  const script = fileURLToPath(new URL('reference.py', import.meta.url));
  const ask = (cases: readonly Case[]): string[] => {
    const input = JSON.stringify(cases);
    const { stdout, stderr } = spawnSync('python3', [script], {
      env,
      input,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as string[];
  };
  assert.deepEqual(
    ask(SMALL),
    JSON.parse(readFileSync(new URL('torchvision-0.29.2.json', import.meta.url), 'utf8')),
  );
  const cases = Array.from({ length: 200 }, (_, seed) => casesOf([24, 32, 3], 10 + seed)).flat();
  const answers = ask(cases);
  for (const [index, given] of cases.entries()) {
    const { operation, value } = given;
    assert.ok(difference(given, answers[index]!) <= 1, `${operation} ${value}, image ${index}`);
  }
});
