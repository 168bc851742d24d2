// Makes the one file that the `strata` command consists of.
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';

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

/** @param {string} target path of the bundle. Whoever runs it meanwhile has the old one or the new one, never a part. */
export async function buildCli(target) {
  const draft = `${target}.${process.pid}`;
  await mkdir(dirname(target), { recursive: true });
  try {
    await build({
      entryPoints: [fileURLToPath(new URL('src/main.ts', import.meta.url))],
      outfile: draft,
      bundle: true,
      minify: true,
      format: 'cjs',
      platform: 'node',
      target: 'node20.10',
      plugins: [WITHOUT_CHILD_PROCESS],
      legalComments: 'none',
      logLevel: 'error',
    });
    await rename(draft, target);
    await removeCaches(dirname(target));
  } finally {
    await rm(draft, { force: true });
    await stop();
  }
}

/** What V8 compiled of earlier bundles (strata.cjs). */
async function removeCaches(folder) {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.cache'));
  await Promise.all(names.map((name) => rm(join(folder, name), { force: true })));
}
