// Records the answers that shoot.ts shows, from a service of its own that trains small networks.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { buildApp } from '../../../src/api/app.js';
import { compileDashboard } from '../../../src/service/compile-dashboard.js';
import { Strata } from '../../support/strata.js';
import { findChromium, withBrowser } from '../chromium.js';
import { keyOf, type Recorded, writeRecording } from './recording.js';
import { tell } from './story.js';

async function fetchAgain(url: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(url)).arrayBuffer());
}

/** Keeps every answer that the pages get, and ends when the page has all that it asked for. */
async function visit(page: Page, url: string, answers: Record<string, Recorded>): Promise<void> {
  const open: Promise<void>[] = [];
  page.removeAllListeners('response');
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    const type = response.headers()['content-type'] ?? '';
    if (pathname.startsWith('/ui/') || type.includes('event-stream')) return;
    const keep = async () => {
      // The browser forgets bodies when it needs the memory.
      const bytes = await response.body().catch(() => fetchAgain(response.url()));
      const body = bytes.toString('base64');
      answers[keyOf(response.request().method(), response.url())] = { status: response.status(), type, body };
    };
    open.push(keep());
  });
  await page.goto(url);
  await page.locator('h1').waitFor();
  // Long enough for answers that follow from others, such as the plan of the form.
  await page.waitForTimeout(2_500);
  await Promise.all(open);
}

const executable = findChromium();
if (executable === undefined) throw new Error('no Chromium: set CHROMIUM_PATH');
const folder = await mkdtemp(join(tmpdir(), 'strata-record-'));
const strata = await Strata.start({ slots: 2 });
try {
  await compileDashboard(folder);
  await Promise.all([strata.startDispatcher(), strata.startWorker()]);
  const options = { logLevel: 'silent', loopback: true, requestsPerMinute: 0, dashboard: folder } as const;
  const app = await buildApp(strata.service, options);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const views = await tell(url);
  const answers: Record<string, Recorded> = {};
  await withBrowser(executable, async (browser) => {
    const page = await browser.newPage();
    for (const { path } of Object.values(views)) await visit(page, `${url}${path}`, answers);
  });
  await writeRecording({ at: new Date().toISOString(), views, answers });
  await app.close();
} finally {
  await strata.stop();
  await rm(folder, { recursive: true });
}
