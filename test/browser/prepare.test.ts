import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { build } from 'esbuild';
import { decodeCentre, openImage } from '../../src/images/decode.js';
import { INPUTS, PICTURES } from '../support/pictures.js';
import { findChromium, withBrowser } from './chromium.js';

const executable = findChromium();
const skip = executable ? false : 'no Chromium: set CHROMIUM_PATH or run `apt-get install -y chromium`';

/** The module as a script of a page. */
declare const strata: typeof import('../../client/src/prepare-browser.js');

/** Largest and mean difference from the service, in grey levels: what docs/exports.md says. */
const NEAR = { largest: 4, mean: 1 };
/** Decoders reduce large pictures in their own way, and these have grain as fine as a pixel. */
const REDUCED = { largest: 40, mean: 6 };
const REDUCED_PICTURES = ['huge.jpg', 'half.jpg', 'web.webp'];
/** Chromium takes inks for light without a profile, and libvips does not. */
const INKS = 'cmyk.jpg';

test('a browser prepares pictures as near to the service as docs/exports.md says', { skip }, async (t) => {
  const { outputFiles } = await build({
    entryPoints: ['client/src/prepare-browser.ts'],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'strata',
  });
  // A page of its own: canvases of about:blank are tainted.
  const server = createServer((_, response) => response.end('<!doctype html>')).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const found: { name: string; largest: number; mean: number }[] = [];
  try {
    await withBrowser(executable as string, async (browser) => {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await page.addScriptTag({ content: outputFiles[0]?.text ?? '' });
      for (const [name, picture] of Object.entries(PICTURES)) {
        const bytes = await picture().toBuffer();
        for (const input of INPUTS) {
          const made = await page.evaluate(
            async ({ base64, to }) => {
              const file = await (await fetch(`data:application/octet-stream;base64,${base64}`)).blob();
              return [...(await strata.prepareInBrowser(file, to))];
            },
            { base64: bytes.toString('base64'), to: input },
          );
          const expected = await decodeCentre(await openImage(bytes), input, input.crop_share);
          assert.equal(made.length, expected.length);
          const apart = made.map((value, index) => Math.abs(value - expected[index]!));
          const largest = apart.reduce((max, value) => Math.max(max, value), 0);
          const mean = apart.reduce((sum, value) => sum + value, 0) / apart.length;
          t.diagnostic(`${name} ${input.height}: ${largest}, ${mean.toFixed(2)}`);
          found.push({ name, largest, mean });
        }
      }
    });
  } finally {
    server.close();
  }
  for (const { name, largest, mean } of found.filter((each) => each.name !== INKS)) {
    const bound = REDUCED_PICTURES.includes(name) ? REDUCED : NEAR;
    assert.ok(largest <= bound.largest && mean <= bound.mean, `${name}: ${largest}, ${mean}`);
  }
});
