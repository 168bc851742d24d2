import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Tfjs, tf } from '../../src/trainer/runtime/index.js';
import { codeBlocks } from '../trainer/support/document-readers.js';
import { type Exported, withExports } from '../trainer/support/exported-model.js';
import { findChromium, withBrowser } from './chromium.js';

const executable = findChromium();
const skip = executable ? false : 'no Chromium: set CHROMIUM_PATH or run `apt-get install -y chromium`';
const IMAGES = 20;
const PIXELS_PER_IMAGE = 28 * 28;
const TFJS = createRequire(import.meta.url).resolve('@tensorflow/tfjs/dist/tf.min.js');

type Loader = 'loadLayersModel' | 'loadGraphModel';
const MODELS: readonly (readonly [Loader, string])[] = [
  ['loadLayersModel', '/full/model.json'],
  ['loadGraphModel', '/full/graph-model/model.json'],
  ['loadGraphModel', '/full/tfjs-graph-int8/model.json'],
];

/** The part of tfjs that the script of the page uses. */
declare const window: { tf: typeof tf };

test('a browser loads the exported layers model and graph model, and predicts what Node predicts', {
  skip,
}, async () => {
  await withExports(IMAGES, async (exported) => {
    const server = createServer((request, response) => {
      fileFor(exported, request.url ?? '/').then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      await withBrowser(executable as string, async (browser) => {
        const page = await browser.newPage();
        await page.goto(`http://127.0.0.1:${port}/`);
        const pixels = [...exported.pixels];
        for (const [loader, path] of MODELS) {
          const inBrowser = await page.evaluate(predictInPage, { loader, path, pixels, images: IMAGES });
          const inNode = await predictInNode(loader, `http://127.0.0.1:${port}${path}`, pixels);
          assert.equal(inBrowser.length, IMAGES * 10);
          for (const [index, value] of inBrowser.entries()) {
            assert.ok(Math.abs(value - inNode[index]!) < 1e-4, `${path}: ${value} at ${index}`);
          }
        }
        await checkCardPages(exported, page, `http://127.0.0.1:${port}`);
      });
    } finally {
      server.close();
    }
  });
});

/** The pages of the model card as they are pasted, but for the network: the library comes from here. */
async function checkCardPages(exported: Exported, page: Page, url: string): Promise<void> {
  const examples = codeBlocks(String(await exported.file('README.md')), 'html');
  assert.equal(examples.length, MODELS.length);
  await page.route('https://cdn.jsdelivr.net/**', (route) => route.fulfill({ path: TFJS }));
  for (const example of examples) {
    await page.route(`${url}/example.html`, (route) =>
      route.fulfill({ body: `<!doctype html>${example}`, contentType: 'text/html' }),
    );
    await page.goto(`${url}/example.html`);
    await page.waitForFunction("/^[0-9]$/.test(document.querySelector('output').textContent)");
  }
}

async function fileFor(exported: Exported, url: string): Promise<Buffer> {
  if (url === '/') return Buffer.from('<!doctype html><script src="/tf.min.js"></script>');
  if (url === '/tf.min.js') return await readFile(TFJS);
  return await exported.file(url.slice(1));
}

interface InPage {
  readonly loader: Loader;
  readonly path: string;
  readonly pixels: number[];
  readonly images: number;
}

async function predictInPage({ loader, path, pixels, images }: InPage): Promise<number[]> {
  const { tf: tfjs } = window;
  const model = await tfjs[loader](path);
  const output = model.predict(tfjs.tensor(pixels, [images, 28, 28, 1])) as Tfjs['Tensor'];
  return [...(await output.data())];
}

async function predictInNode(loader: Loader, url: string, pixels: readonly number[]): Promise<number[]> {
  const model = await tf[loader](url);
  const input = tf.tensor([...pixels], [pixels.length / PIXELS_PER_IMAGE, 28, 28, 1]);
  const output = model.predict(input) as Tfjs['Tensor'];
  const values = [...output.dataSync()];
  tf.dispose([input, output]);
  model.dispose();
  return values;
}
