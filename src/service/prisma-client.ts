import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { exec } from '../provision/exec.js';
import { readText } from '../provision/processes.js';
import type { Part, Progress } from '../provision/progress.js';
import { ROOT } from './root.js';

const require = createRequire(import.meta.url);
const STAMP = join(ROOT, 'src/jobs/store/generated/.schema-sha256');

/** Generates Prisma's client if the schema or Prisma has changed. */
export async function generatePrismaClient(progress: Progress): Promise<Part[]> {
  const wanted = await sourceDigest();
  if ((await readText(STAMP)) === wanted) return [];
  const started = performance.now();
  await progress.step('generating the database client', () =>
    exec(process.execPath, [prismaCommand(), 'generate'], { cwd: ROOT }),
  );
  await writeFile(STAMP, wanted);
  return [{ name: 'database client', seconds: (performance.now() - started) / 1000 }];
}

async function sourceDigest(): Promise<string> {
  const { version } = require('prisma/package.json') as { version: string };
  const sources = await Promise.all(
    ['prisma/schema.prisma', 'prisma.config.ts'].map((path) => readFile(join(ROOT, path))),
  );
  return createHash('sha256').update(version).update(Buffer.concat(sources)).digest('hex');
}

function prismaCommand(): string {
  const { bin } = require('prisma/package.json') as { bin: { prisma: string } };
  return join(dirname(require.resolve('prisma/package.json')), bin.prisma);
}
