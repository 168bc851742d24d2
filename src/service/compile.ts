import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build, stop } from 'esbuild';
import { withLock } from '../provision/lock.js';
import { ROOT } from './root.js';

const SOURCE = join(ROOT, 'src');
/** As deep as `src`, so what code names beside itself is found from there too. */
const TARGET = join(ROOT, 'dist');
const STAMP = join(TARGET, 'compiled-from');

/**
 * Compiles src/ into dist/ where it has changed, once for all who ask at the same time. tsx would cost every process of the
 * service 30 to 110 MB for as long as it runs (docs/performance.md).
 */
export async function compileService(): Promise<void> {
  await withLock(TARGET, async () => {
    const files = await filesOf(SOURCE);
    const version = await versionOf(files);
    if ((await readFile(STAMP, 'utf8').catch(() => '')) === version) return;
    await rm(TARGET, { recursive: true, force: true });
    await compile(files.filter((file) => file.endsWith('.ts')));
    for (const file of files.filter((name) => !name.endsWith('.ts'))) {
      await mkdir(dirname(join(TARGET, file)), { recursive: true });
      await cp(join(SOURCE, file), join(TARGET, file));
    }
    await writeFile(STAMP, version);
    // It would stay beside this process, with a hundred megabytes.
    await stop();
  });
}

/** @param module as of src/. @returns its compiled file, from the checkout's folder */
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
    // It removes the attribute by which Node knows JSON, unless told.
    supported: { 'import-attributes': true },
    logLevel: 'silent',
  });
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((file) => join(file.parentPath ?? file.path, file.name).slice(folder.length + 1)).sort();
}

async function versionOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    const { size, mtimeMs } = await stat(join(SOURCE, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}
