#!/usr/bin/env node
// The `strata` command of a checkout: runs its bundles, and makes them first where they are absent or older than
// their source.
// CommonJS, as the bundles are: Node's loader of modules would take a third of the whole start.
const { readdirSync, readFileSync, renameSync, statSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

const ROOT = join(__dirname, '..');
const DIST = join(__dirname, 'dist');
const TREE = 'strata.cjs';
const ACTIONS = './actions.cjs';
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
  await buildCli(DIST);
}

/**
 * Runs a bundle as require would, with what V8 compiled of it in an earlier run: compiling took a third of the start.
 * V8 refuses what another version of it wrote, or for another text.
 */
function run(name) {
  const path = join(DIST, name);
  const cache = `${path}.${process.version}-${process.arch}-${timeOf(path)}.cache`;
  // The bundles are ASCII.
  const code = `(function (require, module, exports) {${readFileSync(path, 'latin1')}\n})`;
  const cachedData = read(cache);
  const script = new Script(code, { filename: path, ...(cachedData && { cachedData }) });
  if (!cachedData || script.cachedDataRejected) process.once('exit', () => keep(cache, script));
  const bundle = { exports: {} };
  script.runInThisContext()(requireOf, bundle, bundle.exports);
  return bundle.exports;
}

let actions;

/** The `require` of the bundles. */
function requireOf(id) {
  if (id !== ACTIONS) return require(id);
  actions ??= run(ACTIONS);
  return actions;
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

if (timeOf(join(DIST, TREE)) >= Math.max(...SOURCES.map((folder) => newestIn(join(ROOT, folder))))) run(TREE);
else build().then(() => run(TREE));
