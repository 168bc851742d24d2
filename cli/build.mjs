// Makes the one file that the `strata` command consists of.
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';

/** @param {string} target path of the bundle. Whoever runs it meanwhile has the old one or the new one, never a part. */
export async function buildCli(target) {
  const draft = `${target}.${process.pid}`;
  await mkdir(dirname(target), { recursive: true });
  try {
    const { metafile } = await build({
      entryPoints: [fileURLToPath(new URL('src/main.ts', import.meta.url))],
      outfile: draft,
      bundle: true,
      minify: true,
      metafile: true,
      format: 'cjs',
      platform: 'node',
      target: 'node20.10',
      legalComments: 'none',
      logLevel: 'error',
    });
    await rename(draft, target);
    return metafile;
  } finally {
    await rm(draft, { force: true });
    await stop();
  }
}
