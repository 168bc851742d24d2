import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build, stop } from 'esbuild';
import { withLock } from '../provision/lock.js';
import { compileContract } from './compile-contract.js';
import { compileDashboard, DASHBOARD_FOLDER } from './compile-dashboard.js';
import { compileGuide, GUIDE_FOLDER, GUIDE_SOURCES } from './compile-guide.js';
import { ROOT } from './root.js';

const SOURCE = join(ROOT, 'src');
/** Folders whose files the dashboard, the guide and the contract are made of. */
export const OTHER_SOURCES = ['dashboard', 'client/src', 'openapi', ...GUIDE_SOURCES];
/** At the same depth as `src`, so that relative paths in the code work there, too. */
const TARGET = join(ROOT, 'dist');
const STAMP = join(TARGET, 'compiled-from');

/**
 * Compiles src/, the contract, the dashboard and the guide to dist/ if they have changed. Concurrent callers share the
 * work. With tsx, every process of the service would need 30 to 110 MB more (docs/performance.md).
 */
export async function compileService(): Promise<void> {
  await withLock(TARGET, async () => {
    const files = await filesOf(SOURCE);
    const others = OTHER_SOURCES.map((folder) => join(ROOT, folder));
    const versions = others.map(async (folder) => versionOf(folder, await filesOf(folder)));
    const readme = versionOf(ROOT, ['README.md']);
    const version = (await Promise.all([versionOf(SOURCE, files), ...versions, readme])).join('\n');
    if ((await readFile(STAMP, 'utf8').catch(() => '')) === version) return;
    await rm(TARGET, { recursive: true, force: true });
    await compile(files.filter((file) => file.endsWith('.ts')));
    for (const file of files.filter((name) => !name.endsWith('.ts'))) {
      await mkdir(dirname(join(TARGET, file)), { recursive: true });
      await cp(join(SOURCE, file), join(TARGET, file));
    }
    await compileContract(join(TARGET, 'contract.txt'));
    await compileDashboard(join(TARGET, DASHBOARD_FOLDER));
    await compileGuide(join(TARGET, GUIDE_FOLDER));
    await writeFile(STAMP, version);
    // The compiler process would otherwise stay, with a hundred megabytes.
    await stop();
  });
}

/** @param module path in src/. @returns the path of its compiled file, relative to the checkout */
export function compiledFile(module: string): string {
  return module.replace(/^src\//, 'dist/').replace(/\.ts$/, '.js');
}

async function compile(files: readonly string[]): Promise<void> {
  await build({
    entryPoints: files.map((file) => join(SOURCE, file)),
    outdir: TARGET,
    outbase: SOURCE,
    format: 'esm',
    platform: 'node',
    target: 'node20.10',
    // Without this, the compiler removes the attribute that marks JSON imports for Node.
    supported: { 'import-attributes': true },
    logLevel: 'silent',
  });
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((file) => join(file.parentPath ?? file.path, file.name).slice(folder.length + 1)).sort();
}

/** A hash of the names, sizes and times of `files` of a folder. */
async function versionOf(folder: string, files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    const { size, mtimeMs } = await stat(join(folder, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}
