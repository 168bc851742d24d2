import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

interface Locked {
  optionalDependencies?: Record<string, string>;
}

/** The entry that Node would resolve `name` to from a package at `path`. */
function resolves(packages: Record<string, Locked>, path: string, name: string): boolean {
  const folders = path
    .split('/node_modules/')
    .map((_, index, all) => all.slice(0, index + 1).join('/node_modules/'));
  return ['', ...folders].some((folder) => `${folder && `${folder}/`}node_modules/${name}` in packages);
}

// npm leaves out of the lock what its registry cannot serve when the lock is written, and then `npm ci` refuses the
// lock everywhere else.
test('package-lock.json names every optional package, those of other platforms too', async () => {
  const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
    packages: Record<string, Locked>;
  };
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !resolves(packages, path, name)),
  );
  assert.deepEqual(missing, []);
});
