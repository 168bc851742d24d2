// npm run screenshots: a picture of every view at both widths, light and dark, from recorded answers of the API.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page, Route } from 'playwright-core';
import sharp from 'sharp';
import { compileDashboard } from '../../../src/service/compile-dashboard.js';
import { findChromium, withBrowser } from '../chromium.js';
import { keyOf, type Recording, readRecording } from './recording.js';

const PICTURES = fileURLToPath(new URL('../../../docs/screenshots/', import.meta.url));
/** Nothing listens here: each request is answered from the recording. */
const SERVER = 'http://localhost:9';
const WIDTHS = [1600, 390] as const;
const THEMES = ['light', 'dark'] as const;
const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.css': 'text/css' };

async function answer(route: Route, folder: string, { answers }: Recording): Promise<void> {
  const request = route.request();
  const { pathname } = new URL(request.url());
  if (pathname.startsWith('/ui/')) {
    const isAsset = pathname.startsWith('/ui/assets/');
    const file = isAsset ? pathname.slice('/ui/'.length) : 'index.html';
    const contentType = TYPES[extname(file)] ?? 'text/html';
    return route.fulfill({ contentType, body: await readFile(join(folder, file)) });
  }
  const found = answers[keyOf(request.method(), request.url())];
  if (!found) return route.abort();
  const { status, type, body } = found;
  await route.fulfill({ status, contentType: type, body: Buffer.from(body, 'base64') });
}

async function shoot(page: Page, recording: Recording): Promise<void> {
  for (const [name, { path, panels = [] }] of Object.entries(recording.views)) {
    await page.goto(SERVER + path);
    await page.locator('h1, [role=alert]').first().waitFor();
    await page.getByText('Loading…').waitFor({ state: 'detached' });
    await page.waitForTimeout(SETTLED_MS);
    if ((await page.getByText('cannot be shown').count()) > 0)
      throw new Error(`the recording of ${path} is too old for its page: run npm run screenshots:record`);
    for (const colorScheme of THEMES) {
      for (const width of WIDTHS) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.setViewportSize({ width, height: 1000 });
        await page.waitForTimeout(DRAWN_MS);
        const picture = await page.screenshot({ fullPage: true, ...(await clipOf(page, panels)) });
        // A palette is enough for pages, and a third of the size.
        await sharp(picture)
          .png({ palette: true })
          .toFile(join(PICTURES, `${name}-${width}-${colorScheme}.png`));
      }
    }
  }
}

const MARGIN = 8;

/** The place of panels that follow each other; empty for the whole page. */
async function clipOf(page: Page, panels: readonly string[]) {
  const places = panels.map((title) => page.getByRole('region', { name: title, exact: true }).boundingBox());
  const boxes = (await Promise.all(places)).filter((box) => box !== null);
  const [first, last] = [boxes[0], boxes.at(-1)];
  if (!first || !last) return {};
  const [x, y] = [first.x - MARGIN, first.y - MARGIN];
  const height = last.y + last.height + MARGIN - y;
  return { clip: { x, y, width: first.width + 2 * MARGIN, height } };
}

/** Time in which charts and the plan of the form appear. */
const SETTLED_MS = 1_500;
/** Time in which canvases follow another width or theme. */
const DRAWN_MS = 400;

async function shootAll(browser: BrowserContext, folder: string): Promise<void> {
  const recording = await readRecording();
  const page = await browser.newPage();
  await page.clock.setFixedTime(recording.at);
  await page.route('**/*', (route) => answer(route, folder, recording));
  await shoot(page, recording);
}

const executable = findChromium();
if (executable === undefined) throw new Error('no Chromium: set CHROMIUM_PATH');
const folder = await mkdtemp(join(tmpdir(), 'strata-screenshots-'));
try {
  await mkdir(PICTURES, { recursive: true });
  await compileDashboard(folder);
  await withBrowser(executable, (browser) => shootAll(browser, folder));
} finally {
  await rm(folder, { recursive: true });
}
