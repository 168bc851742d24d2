import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { TORCHVISION } from '../../src/network/layouts/index.js';
import { findChromium, withBrowser } from '../browser/chromium.js';
import { foreignFile, safetensorsOf } from '../support/foreign-weights.js';
import { openShell, runPage } from './shell.js';

const KINDS = 'ring|cross|arrow|stairs';
const TYPES: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript' };

/**
 * Runs the blocks of docs/own-pictures.md in one shell, with few small pictures and a narrow ResNet-18, and asks its page in a
 * browser if there is one.
 */
export async function readOwnPictures(
  folder: string,
  reader: Readonly<Record<string, string>>,
): Promise<void> {
  const weights = join(folder, 'public.safetensors');
  const network = { family: 'imagenet-resnet', depth: 18, width: 2 } as const;
  await writeFile(weights, safetensorsOf(foreignFile(TORCHVISION, network)));
  const small = { WEIGHTS: `file://${weights}`, PICTURES: '40', SIZE: '64', EPOCHS: '1' };
  const shell = await openShell(folder, { ...reader, ...small }, ['strata', 'node_modules', 'client']);
  const said = await runPage(shell, 'docs/own-pictures.md', 5);
  assert.match(said, /classes +arrow, cross, ring, stairs/, 'the dataset');
  assert.match(said, /the job succeeded/, 'the job was followed');
  const lines = [...said.matchAll(new RegExp(`^ +([\\d.]+) % {2}(${KINDS})$`, 'gm'))];
  const answers = new Map(lines.map(([, percent, kind]) => [kind, Number(percent)]));
  assert.ok(answers.size > 0, 'the service was asked');
  const executable = findChromium();
  if (executable) await askPage(folder, executable, answers);
}

/** A busy machine takes long to load TensorFlow.js and to predict. */
const PATIENCE_MS = 120_000;

/** The page says of the picture what the service says, up to the pixels that a browser decodes in its own way. */
async function askPage(
  folder: string,
  executable: string,
  answers: ReadonlyMap<string | undefined, number>,
): Promise<void> {
  const server = createServer(({ url = '/' }, response) => {
    const name = url === '/' ? 'index.html' : url.slice(1);
    readFile(join(folder, 'model', name)).then(
      (bytes) =>
        response.writeHead(200, { 'content-type': TYPES[name.split('.').at(-1) ?? ''] ?? '' }).end(bytes),
      () => response.writeHead(404).end(),
    );
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    await withBrowser(executable, async (browser) => {
      const page = await browser.newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
        waitUntil: 'load',
      });
      await page.waitForFunction("document.querySelector('input').onchange !== null");
      await page.locator('input').setInputFiles(join(folder, 'new.jpg'));
      await page.waitForFunction("document.querySelector('output').textContent !== ''");
      const text = (await page.locator('output').textContent()) ?? '';
      const [, kind, percent] = new RegExp(`^(${KINDS}), ([\\d.]+) %$`).exec(text) ?? [];
      assert.ok(kind, text);
      assert.ok(
        Math.abs(Number(percent) - (answers.get(kind) ?? Number.NaN)) < 5,
        `${text}: ${[...answers]}`,
      );
    });
  } finally {
    server.close();
  }
}
