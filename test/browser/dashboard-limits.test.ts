import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import type { Page } from 'playwright-core';
import { buildApp } from '../../src/api/app.js';
import { compileDashboard } from '../../src/service/compile-dashboard.js';
import { FakeClient } from '../api/fake/fake-client.js';
import { FakeService } from '../api/fake/fake-service.js';
import { QUICK } from '../api/harness.js';
import { findChromium, withBrowser } from './chromium.js';

const executable = findChromium();
const skip = executable ? false : 'no Chromium: set CHROMIUM_PATH or run `apt-get install -y chromium`';

/** Maximum size of all files of the dashboard, and of those that the first view loads, compressed. */
const MAX_BYTES = { all: 250_000, first: 120_000 };

const MINUTE_MS = 60_000;
/** Events of a job that the page is sent early and late in the hour; the early ones fill what it keeps. */
const EVENTS = { early: 600, late: 8_000 };
/** The same page may use a little more memory at one moment than at another. */
const TOLERANCE = 1.15;

declare const performance: { getEntriesByType(type: 'resource'): { readonly name: string }[] };

describe('limits of the dashboard', { skip }, () => {
  let app: FastifyInstance;
  let client: FakeClient;
  let folder: string;
  let url: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-limits-'));
    await compileDashboard(folder);
    client = new FakeClient();
    app = await buildApp(new FakeService(client), {
      ...{ logLevel: 'silent', loopback: true, requestsPerMinute: 0 },
      dashboard: folder,
    });
    url = await app.listen({ host: '127.0.0.1', port: 0 });
  });
  after(async () => {
    await app?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('all files are 250 kB compressed at most, and those of the first view 120 kB', async (t) => {
    const files = (await readdir(folder, { recursive: true })).filter((name) => /\.\w+$/.test(name));
    const sizes = new Map<string, number>();
    for (const name of files) sizes.set(name, gzipSync(await readFile(join(folder, name))).length);
    const sum = (names: readonly string[]) =>
      names.reduce((total, name) => total + (sizes.get(name) ?? 0), 0);
    await withBrowser(executable!, async (browser) => {
      const page = await browser.newPage();
      await page.goto(`${url}/ui/jobs`);
      await page.getByText('No jobs yet').waitFor();
      const loaded = await page.evaluate(() =>
        performance.getEntriesByType('resource').map(({ name }) => name),
      );
      const first = [
        'index.html',
        ...files.filter((name) => loaded.some((address) => address.endsWith(`/${name}`))),
      ];
      t.diagnostic(
        `first view ${sum(first)} bytes in ${first.length} files, all ${sum(files)} in ${files.length}`,
      );
      assert.ok(first.length >= 3, 'the page, its script and its style');
      assert.ok(sum(first) <= MAX_BYTES.first && sum(files) <= MAX_BYTES.all, JSON.stringify([...sizes]));
    });
  });

  test('the page of a job that is left open for an hour does not grow', async (t) => {
    const { id } = (await app.inject({ method: 'POST', url: '/jobs', payload: QUICK })).json();
    await withBrowser(executable!, async (browser) => {
      const page = await browser.newPage();
      await page.clock.install();
      await page.goto(`${url}/ui/jobs/${id}`);
      await page.getByRole('heading', { name: 'Events' }).waitFor();
      const use = async (minutes: number, events: number) => {
        const last = `event.${minutes}`;
        for (let event = 1; event < events; event++) client.jobs.record(id, 'event.of_many');
        client.jobs.record(id, last);
        await page.clock.runFor(minutes * MINUTE_MS);
        await page.getByText(last).first().waitFor();
        return memoryOf(page);
      };
      const early = await use(10, EVENTS.early);
      const late = await use(50, EVENTS.late);
      t.diagnostic(`after 10 minutes ${JSON.stringify(early)}, after an hour ${JSON.stringify(late)}`);
      for (const what of ['nodes', 'listeners', 'heapBytes'] as const)
        assert.ok(late[what] <= TOLERANCE * early[what], `${what}: ${early[what]} -> ${late[what]}`);
    });
  });
});

/** Memory of a page once garbage is collected. */
async function memoryOf(page: Page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { nodes, jsEventListeners: listeners } = await session.send('Memory.getDOMCounters');
  const { usedSize: heapBytes } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return { nodes, listeners, heapBytes };
}
