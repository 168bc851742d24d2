#!/usr/bin/env node
// The `strata` command of a checkout: runs its bundle, and makes that first where it is absent or older than its source.
// CommonJS, as the bundle is: Node's loader of modules would take a third of the whole start.
const { readdirSync, readFileSync, renameSync, statSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

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

/**
 * Runs the bundle as require would, with what V8 compiled of it in an earlier run: compiling took a third of the start.
 * V8 refuses what another version of it wrote, or for another text.
 */
function run() {
  const time = timeOf(BUNDLE);
  const cache = `${BUNDLE}.${process.version}-${process.arch}-${time}.cache`;
  const code = `(function (require, module, exports) {${readFileSync(BUNDLE, 'utf8')}\n})`;
  const cachedData = read(cache);
  const script = new Script(code, { filename: BUNDLE, ...(cachedData && { cachedData }) });
  if (!cachedData || script.cachedDataRejected) process.once('exit', () => keep(cache, script));
  const bundle = { exports: {} };
  script.runInThisContext()(require, bundle, bundle.exports);
}

function read(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** By now V8 has compiled what a run needs. A checkout that cannot be written to does without. */
function keep(cache, script) {
  try {
    const draft = `${cache}.${process.pid}`;
    writeFileSync(draft, script.createCachedData());
    renameSync(draft, cache);
  } catch {}
}

if (timeOf(BUNDLE) >= Math.max(...SOURCES.map((folder) => newestIn(join(ROOT, folder))))) run();
else build().then(run);
