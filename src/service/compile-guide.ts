import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './root.js';

/** Folder in which the API looks for the guide, below the compiled service. */
export const GUIDE_FOLDER = 'guide';

/** Folders of the guide and of its pages. */
export const GUIDE_SOURCES = ['guide', 'docs'];

/** `guide/build.mjs`, which needs a package that an installation without development packages does not have. */
interface Builder {
  buildGuide(target: string): Promise<void>;
}

/** Makes the guide of README.md and docs/ in `target`. Without the package for it, there is none. */
export async function compileGuide(target: string): Promise<void> {
  const builder = await loadBuilder();
  await builder?.buildGuide(target);
}

async function loadBuilder(): Promise<Builder | null> {
  try {
    return await import(pathToFileURL(join(ROOT, 'guide/build.mjs')).href);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return null;
    throw error;
  }
}
