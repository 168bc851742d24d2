import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { ROOT } from './root.js';

const SOURCE = join(ROOT, 'dashboard');

/** Folder in which the API looks for the pages, below the compiled service. */
export const DASHBOARD_FOLDER = 'ui';

/**
 * Compiles the dashboard to `target`: index.html, and files whose names contain the hash of their contents, so that
 * browsers may keep them forever.
 */
export async function compileDashboard(target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  const { metafile } = await build({
    entryPoints: [join(SOURCE, 'src/main.tsx')],
    outdir: join(target, 'assets'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    splitting: true,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    // Browsers that have `light-dark()`, which the styles use.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'none',
    logLevel: 'silent',
  });
  const page = await readFile(join(SOURCE, 'index.html'), 'utf8');
  await writeFile(join(target, 'index.html'), withEntries(page, entriesOf(metafile, target)));
}

interface Entries {
  readonly script: string;
  readonly styles: readonly string[];
}

/** Paths of the script of the page, and of the styles that belong to it or to a view. */
function entriesOf({ outputs }: Metafile, target: string): Entries {
  const files = Object.entries(outputs).map(([path, output]) => ({
    path: `/ui/${relative(target, path)}`,
    output,
  }));
  const script = files.find(
    ({ output }) => output.entryPoint?.endsWith('src/main.tsx') && !isStyle(output.entryPoint),
  );
  if (script === undefined) throw new Error('the dashboard has no script');
  return { script: script.path, styles: files.map(({ path }) => path).filter(isStyle) };
}

function isStyle(path: string): boolean {
  return path.endsWith('.css');
}

function withEntries(page: string, { script, styles }: Entries): string {
  const links = styles.map((path) => `<link rel="stylesheet" href="${path}" />`);
  return page
    .replace('<!-- styles -->', links.join('\n    '))
    .replace('<!-- script -->', `<script type="module" src="${script}"></script>`);
}
