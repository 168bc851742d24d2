// The JavaScript of TypeScript files, stored by the hash of their text for all processes of all runs.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const OPTIONS = {
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Without this, the compiler removes the attribute that marks JSON imports for Node.
  supported: { 'import-attributes': true },
  sourcemap: 'inline',
  sourcesContent: false,
  tsconfigRaw: { compilerOptions: { jsx: 'react-jsx', verbatimModuleSyntax: true } },
};
/** Stored files of other versions of the compiler, or of other options, are others. */
const SALT = JSON.stringify([require('esbuild/package.json').version, OPTIONS]);

const folder = join(tmpdir(), `strata-test-modules-${userInfo().uid}`);
mkdirSync(folder, { recursive: true, mode: 0o700 });

/** @returns the JavaScript of `text`, the TypeScript of the file `path`, with a map to its lines */
export async function compiled(path, text) {
  const stored = join(folder, createHash('sha256').update(SALT).update(path).update(text).digest('hex'));
  try {
    return readFileSync(stored, 'utf8');
  } catch {
    return compile(path, text, stored);
  }
}

async function compile(path, text, stored) {
  const { transform } = require('esbuild');
  const { code } = await transform(text, {
    ...OPTIONS,
    loader: path.endsWith('x') ? 'tsx' : 'ts',
    sourcefile: path,
  });
  const own = `${stored}.${process.pid}`;
  writeFileSync(own, code);
  renameSync(own, stored);
  return code;
}
