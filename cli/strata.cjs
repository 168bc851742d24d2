#!/usr/bin/env node
// The `strata` command of a checkout: runs its bundle, and makes that first where it is absent or older than its source.
// CommonJS, as the bundle is: Node's loader of modules would take a third of the whole start.
const { readdirSync, statSync } = require('node:fs');
const { join } = require('node:path');

const ROOT = join(__dirname, '..');
const BUNDLE = join(__dirname, 'dist/strata.cjs');
const SOURCES = ['cli/src', 'client/src'];

function timeOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function newestIn(folder) {
  const times = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? newestIn(path) : timeOf(path);
  });
  return Math.max(0, ...times);
}

async function build() {
  const { buildCli } = await import('./build.mjs').catch(() => {
    console.error(`✗ The packages of ${ROOT} are missing. To install them:  npm run setup`);
    process.exit(1);
  });
  await buildCli(BUNDLE);
}

if (timeOf(BUNDLE) >= Math.max(...SOURCES.map((folder) => newestIn(join(ROOT, folder))))) require(BUNDLE);
else build().then(() => require(BUNDLE));
