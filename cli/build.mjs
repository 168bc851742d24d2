// Makes the two files that the `strata` command consists of: the tree of commands, which is all that help and completion
// need, and the actions with the client, which a command loads when it runs.
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';

const SOURCE = fileURLToPath(new URL('src', import.meta.url));

/** @type {import('esbuild').BuildOptions} */
const OPTIONS = {
  bundle: true,
  minify: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.10',
  // strata.cjs reads the bundles byte by byte, which is much faster than as UTF-8.
  charset: 'ascii',
  legalComments: 'none',
  logLevel: 'error',
};

/**
 * commander loads Node's child_process for commands that are programs of their own. There are none, and it would take a
 * seventh of the start.
 */
const WITHOUT_CHILD_PROCESS = {
  name: 'commander without child_process',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      importer.includes('/commander/') ? { path: 'nothing', namespace: 'empty' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/**
 * Takes each module that is imported dynamically from the other bundle, and notes its path in `actions`.
 * @param {Set<string>} actions
 */
function actionsElsewhere(actions) {
  return {
    name: 'actions elsewhere',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
        if (kind !== 'dynamic-import') return undefined;
        const module = relative(SOURCE, join(resolveDir, path)).replace(/\.js$/, '.ts');
        actions.add(module);
        return { path: module, namespace: 'actions' };
      });
      onResolve({ filter: /^\.\/actions\.cjs$/, namespace: 'actions' }, ({ path }) => ({
        path,
        external: true,
      }));
      onLoad({ filter: /.*/, namespace: 'actions' }, ({ path }) => ({
        contents: `module.exports = require('./actions.cjs')[${JSON.stringify(path)}];`,
      }));
    },
  };
}

/** @param {string} folder of the bundles `strata.cjs` and `actions.cjs`. Nobody reads a part of one. */
export async function buildCli(folder) {
  const draft = join(folder, `draft-${process.pid}`);
  await mkdir(draft, { recursive: true });
  try {
    const actions = new Set();
    const plugins = [WITHOUT_CHILD_PROCESS, actionsElsewhere(actions)];
    const tree = join(draft, 'strata.cjs');
    await build({ ...OPTIONS, entryPoints: [join(SOURCE, 'main.ts')], outfile: tree, plugins });
    const modules = [...actions].map((path) => JSON.stringify(path));
    // Getters, so that a command runs its own modules only.
    const contents = modules.map((path) => `get ${path}() { return require(${path.replace('"', '"./')}); }`);
    const stdin = { contents: `module.exports = {${contents.join()}};`, resolveDir: SOURCE };
    await build({ ...OPTIONS, stdin, outfile: join(draft, 'actions.cjs') });
    await removeCaches(folder);
    // The tree goes last: its time says that both are there.
    for (const name of ['actions.cjs', 'strata.cjs']) await rename(join(draft, name), join(folder, name));
  } finally {
    await rm(draft, { recursive: true, force: true });
    await stop();
  }
}

/** What V8 compiled of earlier bundles (strata.cjs). */
async function removeCaches(folder) {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.cache'));
  await Promise.all(names.map((name) => rm(join(folder, name), { force: true })));
}
