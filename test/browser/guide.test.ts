import assert from 'node:assert/strict';
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import type { Page } from 'playwright-core';
import { buildApp } from '../../src/api/app.js';
import { compileGuide } from '../../src/service/compile-guide.js';
import { ROOT } from '../../src/service/root.js';
import { FakeClient } from '../api/fake/fake-client.js';
import { FakeService } from '../api/fake/fake-service.js';
import { readPages } from '../docs/blocks.js';
import { findChromium, withBrowser } from './chromium.js';

const executable = findChromium();
const skip = executable ? false : 'no Chromium: set CHROMIUM_PATH or run `apt-get install -y chromium`';

describe('the guide', () => {
  let folder: string;
  let app: FastifyInstance;
  let url: string;
  let pages: string[];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-guide-'));
    await compileGuide(folder);
    pages = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.html')).sort();
    app = await buildApp(new FakeService(new FakeClient()), {
      ...{ logLevel: 'silent', loopback: true, requestsPerMinute: 0, guide: folder },
    });
    url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/guide`;
  });
  after(async () => {
    await app?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('each page of README.md and docs is there, and every link leads to a page and an anchor', async () => {
    assert.equal(pages.length, (await readPages()).length);
    const html = new Map(
      await Promise.all(
        pages.map(async (page) => [page, await readFile(join(folder, page), 'utf8')] as const),
      ),
    );
    const dead: string[] = [];
    for (const [page, text] of html)
      for (const target of targetsOf(text)) {
        const [file = '', anchor] = target.split('#');
        const path = file === '' ? page : relative('/', join('/', dirname(page), file));
        const isPage = html.get(path)?.includes(`id="${anchor}"`);
        const isThere = anchor === undefined ? await exists(join(folder, path)) : isPage;
        if (!isThere) dead.push(`${page}: ${target}`);
      }
    assert.deepEqual(dead, []);
  });

  test('each file of the checkout that a page names in a link exists', async () => {
    const named = await Promise.all(
      pages.map(async (page) => {
        const text = await readFile(join(folder, page), 'utf8');
        return [...text.matchAll(/title="([^"]+) in the repository"/g)].map(([, path = '']) => path);
      }),
    );
    const paths = [...new Set(named.flat())];
    assert.ok(paths.length > 10, `${paths.length} files`);
    const missing = [];
    for (const path of paths) if (!(await exists(join(ROOT, path)))) missing.push(path);
    assert.deepEqual(missing, []);
  });

  test('a browser shows every page without an error, a violation or a request elsewhere', {
    skip,
  }, async () => {
    await withBrowser(executable ?? '', async (browser) => {
      const page = await browser.newPage();
      const faults = faultsOf(page, new URL(url).host);
      for (const name of pages) {
        const answer = await page.goto(`${url}/${name}`);
        assert.equal(answer?.status(), 200, name);
        assert.match(answer?.headers()['content-security-policy'] ?? '', /default-src 'none'/);
        assert.ok(await page.locator('main h1').first().isVisible(), name);
      }
      assert.deepEqual(faults, []);
    });
  });

  test('the search finds a section by its words', { skip }, async () => {
    await withBrowser(executable ?? '', async (browser) => {
      const page = await browser.newPage();
      const faults = faultsOf(page, new URL(url).host);
      await page.goto(`${url}/adr/0020-profiles.html`);
      await page.keyboard.press('/');
      await page.keyboard.type('exit codes');
      await page.getByRole('link', { name: 'The command line: Exit codes' }).click();
      await page.waitForURL(`${url}/cli.html#exit-codes`);
      await page.getByLabel('Search').fill('nothingofthekind');
      await page.getByText('Nothing found').waitFor();
      assert.deepEqual(faults, []);
    });
  });

  test('/guide leads to the first page', async () => {
    const { statusCode, headers } = await app.inject({ url: '/guide' });
    assert.deepEqual([statusCode, headers.location], [302, '/guide/']);
    const { body } = await app.inject({ url: '/guide/' });
    assert.match(body, /<title>Strata<\/title>/);
  });
});

/** Addresses within the guide: of links, pictures, scripts and styles. */
function targetsOf(html: string): string[] {
  const all = [...html.matchAll(/ (?:href|src)="([^"]+)"/g)].map(([, target = '']) => decodeURI(target));
  return all.filter((target) => !/^(https?:|data:|\/)/.test(target));
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Collects errors, violations of the policy, and requests to other hosts. */
function faultsOf(page: Page, host: string): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`thrown: ${error.message}`));
  // A violation of the policy is an error in the console.
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`${page.url()}: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { protocol, host: asked } = new URL(request.url());
    if (protocol.startsWith('http') && asked !== host) faults.push(`request: ${request.url()}`);
  });
  return faults;
}
