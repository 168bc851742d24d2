import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { ROOT } from '../src/service/root.js';
import { findChromium, withBrowser } from '../test/browser/chromium.js';
import { startApi } from './api/service.js';
import { fillTables } from './api/tables.js';
import { type Benchmark, type BenchmarkReport, median } from './benchmark.js';

const CURVES = 4;
const POINTS = 10_000;
const TASKS = 5_000;
const STAGES = 8;
const FRAMES = 120;
const DRAWINGS = 15;
const JOBS = 10_000;
const VISITS = 9;

export const benchmark: Benchmark = {
  name: 'dashboard',
  title: `the dashboard in Chromium without a GPU: ${CURVES} curves of ${POINTS} points, the wavefront of ${TASKS} tasks, and ${JOBS} jobs`,
  run,
};

/** Draws what the dashboard draws, with its own components, and measures the time from new data to the next frame. */
const SCRIPT = `
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { flushSync } from 'react-dom';
import { Plot } from './dashboard/src/charts/plot.tsx';
import { Wavefront } from './dashboard/src/wavefront/wavefront.tsx';

const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
const root = createRoot(document.querySelector('main'));
const curves = (shift) => Array.from({ length: ${CURVES} }, (_, stage) => ({
  label: 'stage ' + stage,
  color: '--hue-' + stage,
  points: Array.from({ length: ${POINTS} }, (_, step) => [step, Math.exp(-step / 3000) + 0.2 * Math.sin(step * 1.7 + shift + stage)]),
}));
const START = Date.UTC(2026, 0, 1);
const at = (ms) => new Date(START + ms).toISOString();
const attempts = Array.from({ length: ${TASKS} }, (_, index) => {
  const [stage, round] = [index % ${STAGES}, Math.floor(index / ${STAGES})];
  const start = (round + ${STAGES} - stage) * 1000;
  return { task: 'stage-' + stage + '-' + round, kind: 'stage', stage, round, replica: null, attempt: 1, outcome: 'succeeded',
    worker_id: 'worker_1', device: 'cpu:' + stage, checkpoint_step: null, started_at: at(start), ended_at: at(start + 950) };
});

globalThis.redraw = async () => {
  const data = [0, 1, 2, 3].map(curves);
  const draw = (index) => flushSync(() => root.render(createElement(Plot, { curves: data[index % data.length], xLabel: 'step' })));
  draw(0);
  await frame();
  const work = [];
  const first = performance.now();
  for (let index = 1; index <= ${FRAMES}; index++) {
    const before = performance.now();
    draw(index);
    work.push(performance.now() - before);
    await frame();
  }
  return { work, seconds: (performance.now() - first) / 1000 };
};
globalThis.wavefront = async () => {
  const work = [];
  for (let index = 0; index < ${DRAWINGS}; index++) {
    flushSync(() => root.render(createElement('p')));
    await frame();
    const before = performance.now();
    const props = { attempts: [...attempts], ghosts: [], by: 'stage', now: START + 1e6, isRunning: false, onChoose: () => undefined };
    flushSync(() => root.render(createElement(Wavefront, props)));
    await frame();
    work.push(performance.now() - before);
  }
  return { work };
};
`;

interface Drawn {
  /** Milliseconds of each drawing. */
  readonly work: readonly number[];
}

async function run(): Promise<BenchmarkReport> {
  const executable = findChromium();
  if (!executable)
    throw new Error('there is no Chromium: set CHROMIUM_PATH or run `apt-get install -y chromium`');
  const folder = await mkdtemp(join(tmpdir(), 'strata-bench-'));
  try {
    const page = await compile(folder);
    let curves: Drawn & { readonly seconds: number } = { work: [], seconds: 0 };
    let wavefront: Drawn = { work: [] };
    await withBrowser(executable, async (browser) => {
      const tab = await browser.newPage();
      await tab.goto(page);
      curves = await call(tab, 'redraw');
      wavefront = await call(tab, 'wavefront');
    });
    return report(curves, wavefront, await visits(executable));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Visits to the list of jobs. Milliseconds from the start of the navigation. */
interface Visits {
  readonly paint: readonly number[];
  readonly rows: readonly number[];
}

/** Opens the list of jobs of the API as it ships, each time with an empty cache. */
async function visits(executable: string): Promise<Visits> {
  const api = await startApi();
  try {
    const job = JSON.stringify({ dataset: 'mnist', epochs: 1, max_train_samples: 2048 });
    await fetch(`${api.url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: job,
    });
    await fillTables(api.servers.databaseUrl, { jobs: JOBS, measured: 20, points: 400 });
    const paint: number[] = [];
    const rows: number[] = [];
    for (let visit = 0; visit < VISITS; visit++) {
      await withBrowser(executable, async (browser) => {
        const tab = await browser.newPage();
        await tab.goto(`${api.url}/ui/jobs`);
        await tab.getByRole('link', { name: 'hay' }).first().waitFor();
        const seen = await tab.evaluate<{ paint: number; now: number }>(
          `({ paint: performance.getEntriesByName('first-contentful-paint')[0].startTime, now: performance.now() })`,
        );
        paint.push(seen.paint);
        rows.push(seen.now);
      });
    }
    return { paint, rows };
  } finally {
    await api.stop();
  }
}

const call = <T>(page: Page, name: string): Promise<T> => page.evaluate(`${name}()`) as Promise<T>;

/** @returns the address of a page with the components and the script */
async function compile(folder: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: SCRIPT, resolveDir: ROOT, loader: 'tsx' },
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    outdir: folder,
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
  });
  const code = outputFiles.find(({ path }) => path.endsWith('.js'))?.text ?? '';
  const page = join(folder, 'index.html');
  await writeFile(join(folder, 'script.js'), code);
  await writeFile(
    page,
    '<!doctype html><main style="width: 1200px"></main><script src="script.js"></script>',
  );
  return pathToFileURL(page).href;
}

function report(
  curves: Drawn & { readonly seconds: number },
  wavefront: Drawn,
  opened: Visits,
): BenchmarkReport {
  const fps = curves.work.length / curves.seconds;
  const redraw = median(curves.work);
  const drawing = median(wavefront.work);
  return {
    lines: [
      `${CURVES} x ${POINTS} points, other ones in each frame: ${fps.toFixed(0)} frames a second; work of a redraw ${redraw.toFixed(1)} ms (median)`,
      `the wavefront of ${TASKS} tasks in ${STAGES} stages, from nothing to the next frame: ${drawing.toFixed(0)} ms (median)`,
      `the list of ${JOBS} jobs, cold: first contentful paint after ${median(opened.paint).toFixed(0)} ms, the first row after ${median(opened.rows).toFixed(0)} ms (medians of ${VISITS})`,
    ],
    figures: { fps, redrawMs: redraw, wavefrontMs: drawing, curves, wavefront, opened },
  };
}
