import { basename, join } from 'node:path';
import { cacheEntry, cacheRoot } from '../../src/provision/cache.js';
import { exec } from '../../src/provision/exec.js';

/** A program, or why this machine cannot have it. */
export type Tool = { readonly program: string } | { readonly missing: string };

/** Builds a Go program once for this machine. @param source like `example.org/tool/cmd/tool@v1.2.3` */
export async function goTool(source: string): Promise<Tool> {
  const [path = '', version = ''] = source.split('@');
  // A module of a later major version ends with /v5.
  const name = basename(path.replace(/\/v\d+$/, ''));
  try {
    const { dir } = await cacheEntry(
      cacheRoot(),
      `test-${name}-${version}-${process.arch}`,
      async (staging) => {
        await exec('go', ['install', source], { env: { ...process.env, GOBIN: staging, CGO_ENABLED: '0' } });
      },
    );
    return { program: join(dir, name) };
  } catch (error) {
    return { missing: `${name} cannot be built with Go here: ${String(error).slice(0, 300)}` };
  }
}
